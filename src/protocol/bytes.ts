import { decodeText, encodeText } from './text.ts';
import type { ViolationName } from './violation.ts';

/** No bytes. */
export const noBytes: Uint8Array = new Uint8Array();

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

/** What {@link pack} takes: an integer, text, or bytes. */
export type Part = number | string | Uint8Array;

/** `parts` in one: integers as varints, text as UTF-8, bytes as they are. */
export function pack(...parts: readonly Part[]): Uint8Array {
  const pieces = parts.map((part) => (typeof part === 'string' ? encodeText(part) : part));
  let at = 0;
  for (const piece of pieces) at += typeof piece === 'number' ? varintBytes(piece) : piece.length;
  const bytes = new Uint8Array(at);
  at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'number') at = writeVarint(bytes, at, piece);
    else {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
}

/** A control frame or a field: `type`, the length of `parts` in bytes, and `parts`. */
export function packSized(type: number, ...parts: readonly Part[]): Uint8Array {
  const body = pack(...parts);
  return pack(type, body.length, body);
}

/** Reads bytes one part after the other. Behind the first fault nothing is read any more: integers are NaN then. */
export class Reader {
  /** Index of what is read next; NaN behind a fault. */
  at: number;
  /** Index at which the bytes end. */
  end: number;
  /** The fault where a part goes beyond `end`. */
  cut: ViolationName | undefined;
  /** The first fault. */
  fault: ViolationName | undefined;
  readonly #bytes: Uint8Array;

  /** Reads `bytes` from `at` on. */
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = bytes.length;
  }

  /** Notes a fault, unless there is one, and returns NaN. */
  fail(fault: ViolationName | undefined = this.cut): number {
    if (this.at >= 0) this.fault = fault;
    return (this.at = NaN);
  }

  /** Goes over the next `length` bytes, and returns the index behind them; NaN where they are not all there. */
  #skip(length: number): number {
    this.at += length;
    return this.at <= this.end ? this.at : this.fail();
  }

  /** The next varint. Longer forms than needed are accepted. */
  varint(): number {
    let { at } = this;
    const first = this.#bytes[at] as number;
    const next = this.#skip(1 << (first >> 6));
    let value = next && first & 63;
    while (++at < next) value = value * 256 + (this.#bytes[at] as number);
    // rounding is monotone and 2^53 is exact, so no larger integer can slip below it
    return value > Number.MAX_SAFE_INTEGER ? this.fail('bad-varint') : value;
  }

  /** The next `length` bytes, as a view; none behind a fault. */
  bytes(length: number): Uint8Array {
    return this.#bytes.subarray(this.at, this.#skip(length));
  }

  /** All that is left, as text of at most `maxBytes`. */
  text(maxBytes?: number): string | undefined {
    const bytes = this.bytes(this.end - this.at);
    const text = bytes.length > (maxBytes as number) ? undefined : decodeText(bytes);
    if (text === undefined) this.fail();
    return text;
  }
}
