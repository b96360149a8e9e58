/** A prime: so no block of 2^n bytes looks like the one before it. */
export const PATTERN_BYTES = 1_048_573;

const CHECKED_BYTES = 64;

/** The bytes that all big messages are made of, again and again. */
export function makePattern(): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(PATTERN_BYTES / 4));
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, PATTERN_BYTES);
}

/** Checks a big message as it comes, without much work: the length, and the first and last bytes of each chunk. */
export class PatternCheck {
  readonly #pattern = makePattern();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Error for bytes that are not what was sent */
  add(chunk: Uint8Array): void {
    const first = Math.min(CHECKED_BYTES, chunk.length);
    for (let i = 0; i < first; i++) this.#checkByte(chunk, i);
    for (let i = Math.max(first, chunk.length - CHECKED_BYTES); i < chunk.length; i++) this.#checkByte(chunk, i);
    this.#bytes += chunk.length;
  }

  /** @throws Error for a message of another length */
  end(expectedBytes: number): void {
    if (this.#bytes !== expectedBytes) throw new Error(`${this.#bytes} bytes came instead of ${expectedBytes}.`);
  }

  #checkByte(chunk: Uint8Array, index: number): void {
    const offset = this.#bytes + index;
    if (chunk[index] !== this.#pattern[offset % PATTERN_BYTES]) throw new Error(`Byte ${offset} is not what was sent.`);
  }
}
