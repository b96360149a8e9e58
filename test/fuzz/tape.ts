/** Integers that are worth trying: around the ends of the forms of a varint, and around the protocol's limits. */
const INTEGERS = [
  63,
  64,
  511,
  512,
  1023,
  1024,
  2048,
  2304,
  2305,
  4095,
  4096,
  4097,
  8192,
  10_000,
  16_383,
  16_384,
  16_385,
  20_000,
  65_535,
  65_536,
  100_000,
  1_048_576,
  1_073_741_823,
  1_073_741_824,
  4_294_967_295,
  2 ** 40,
  2 ** 52,
  2 ** 53 - 2,
  2 ** 53 - 1,
] as const;

/** Reads an input as a list of decisions; beyond its end every one of them is 0. */
export class Tape {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Where decisions began that make sense alone. */
  readonly cuts: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** From here on comes something new. */
  cut(): void {
    this.cuts.push(this.#at);
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  /** An integer from 0 to `below` - 1. */
  below(below: number): number {
    return this.byte() % below;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bool(): boolean {
    return (this.byte() & 1) === 1;
  }

  /** Mostly small. */
  integer(): number {
    const byte = this.byte();
    if (byte < 192) return byte;
    return byte < 224 ? byte * 256 + this.byte() : (INTEGERS[byte - 224] ?? 2 ** 53 - 1);
  }

  /** An integer near `value`, most often itself. */
  near(value: number): number {
    const byte = this.byte();
    if (byte < 160) return value;
    if (byte < 192) return Math.max(0, value + byte - 176);
    return this.integer();
  }

  /** The next `length` bytes as they are, or what is left. */
  bytes(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  rest(): Uint8Array {
    return this.bytes(this.#bytes.length);
  }
}
