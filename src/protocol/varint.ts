/** Answer of {@link readVarint}: the bytes end inside the integer. */
export const VARINT_INCOMPLETE = -1;
/** Answer of {@link readVarint}: the integer is over 2^53-1 (`bad-varint`). */
export const VARINT_TOO_BIG = -2;

/** Bytes that `value` (an integer from 0 to 2^53-1) takes as a variable-length integer (RFC 9000 section 16). */
export function varintBytes(value: number): 1 | 2 | 4 | 8 {
  return value < 64 ? 1 : value < 16384 ? 2 : value < 1073741824 ? 4 : 8;
}

/** Writes `value` (an integer from 0 to 2^53-1) at `at` in as few bytes as it takes, and returns the next index. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  const length = varintBytes(value);
  for (let index = at + length - 1; index > at; index--) {
    target[index] = value; // the store keeps the lowest eight bits
    value = Math.floor(value / 256);
  }
  // lengths 1, 2, 4, 8 are the prefixes 00, 01, 10, 11
  target[at] = value | ((31 - Math.clz32(length)) << 6);
  return at + length;
}

/** No bytes. */
export const noBytes: Uint8Array = new Uint8Array();

/** `front`, then `values` as varints, then `tail`, in one. */
export function joinBytes(front: Uint8Array, values: readonly number[], tail: Uint8Array): Uint8Array {
  let at = front.length;
  const bytes = new Uint8Array(at + values.length * 8 + tail.length);
  bytes.set(front);
  for (const value of values) at = writeVarint(bytes, at, value);
  bytes.set(tail, at);
  return bytes.subarray(0, at + tail.length);
}

/** Reads varints one after the other. Longer forms than needed are accepted. */
export class VarintReader {
  /** Index of what is read next. */
  at: number;
  /** Index at which the bytes end. */
  end: number;
  /** 0, or the last negative answer of `next`. */
  fault = 0;
  readonly #bytes: Uint8Array;

  /** Reads `bytes` from `at` on. */
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = bytes.length;
  }

  /** The next integer; or {@link VARINT_INCOMPLETE} or {@link VARINT_TOO_BIG}, and `at` stays where it is. */
  next(): number {
    let { at } = this;
    const first = this.#bytes[at] as number;
    const next = at + (1 << (first >> 6));
    if (next > this.end) return (this.fault = VARINT_INCOMPLETE);
    let value = first & 63;
    while (++at < next) value = value * 256 + (this.#bytes[at] as number);
    // rounding is monotone and 2^53 is exact, so no larger integer can slip below it
    if (value > Number.MAX_SAFE_INTEGER) return (this.fault = VARINT_TOO_BIG);
    this.at = next;
    return value;
  }
}
