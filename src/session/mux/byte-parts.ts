const BLOCK_BYTES = 16 * 1024;
/** Slices below this are always copied: an array of its own costs some 200 bytes more than it holds. */
const MIN_KEPT_BYTES = 2048;
/** Headers of a WebSocket frame, a packet and a frame are no more. */
const OWN_HEAD_BYTES = 64;

/**
 * Bytes that come in pieces and are taken in pieces, or all at once. Memory grows with what has arrived.
 *
 * A slice that is a small view of a large buffer would keep all of that buffer alive (measured with `ws`: 5,000 kept
 * bytes held 286 MB), so it is copied into a block; a slice that is most of its buffer is kept as it is.
 */
export class ByteParts {
  /** Bytes that are kept. */
  bytes = 0;
  #parts: Uint8Array[] = [];
  /** Parts before this one were taken. */
  #first = 0;
  /** Where copies go, and how much of it is used. */
  #block: Uint8Array = new Uint8Array();
  #blockBytes = 0;
  /** The last part ends where the block is used up to. */
  #isBlockLast = false;

  /** @param isTakenAtOnce - {@link join} follows before the slice's buffer can be reused or kept */
  add(slice: Uint8Array, isTakenAtOnce: boolean): void {
    this.bytes += slice.length;
    if (isTakenAtOnce || (slice.length >= MIN_KEPT_BYTES && slice.length * 2 > slice.buffer.byteLength)) {
      this.#parts.push(slice);
      this.#isBlockLast = false;
      return;
    }
    while (slice.length > 0) {
      if (this.#blockBytes === this.#block.length) {
        this.#block = new Uint8Array(BLOCK_BYTES);
        this.#blockBytes = 0;
        this.#isBlockLast = false;
      }
      const from = this.#blockBytes;
      const part = slice.subarray(0, this.#block.length - from);
      this.#block.set(part, from);
      this.#blockBytes += part.length;
      const before = this.#isBlockLast ? this.#parts.pop() : undefined;
      this.#parts.push(this.#block.subarray(before?.byteOffset ?? from, this.#blockBytes));
      this.#isBlockLast = true;
      slice = slice.subarray(part.length);
    }
  }

  /** The oldest part, if there is one, with a buffer that nobody else uses any more. */
  shift(): Uint8Array<ArrayBuffer> | undefined {
    const part = this.#shift();
    // Only what ends with its buffer, behind the header of a packet, is sure to be alone in it.
    return part && (part.byteOffset > OWN_HEAD_BYTES || part.byteOffset + part.length < part.buffer.byteLength)
      ? part.slice()
      : (part as Uint8Array<ArrayBuffer> | undefined);
  }

  /** All of it in one piece, which is the caller's: a view where there is one part only. */
  join(): Uint8Array {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only !== undefined) {
      this.clear();
      return only;
    }
    const joined = new Uint8Array(this.bytes);
    let at = 0;
    for (let part = this.#shift(); part; part = this.#shift()) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  #shift(): Uint8Array | undefined {
    const part = this.#parts[this.#first];
    if (part === undefined) return undefined;
    if (++this.#first === this.#parts.length) this.clear();
    else this.bytes -= part.length;
    return part;
  }

  clear(): void {
    this.bytes = this.#first = 0;
    this.#parts = [];
    // What was taken may be a view of the block: the rest of it is used for what follows.
    this.#isBlockLast = false;
  }
}
