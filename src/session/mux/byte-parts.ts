import { noBytes } from '../../protocol/bytes.ts';

const BLOCK_BYTES = 16 * 1024;
/** Slices below this are always copied: an array of its own costs some 200 bytes more than it holds. */
const MIN_KEPT_BYTES = 2048;
/** Headers of a WebSocket frame, a packet and a frame are no more. */
const OWN_HEAD_BYTES = 64;

/**
 * Bytes that come in pieces and are taken in pieces, or all at once. Memory grows with what has arrived, to twice as much
 * at most.
 *
 * A slice that is a small view of a large buffer would keep all of that buffer alive (measured with `ws`: 5,000 kept
 * bytes held 286 MB), so it is copied into a block; a slice that is most of its buffer is kept as it is.
 */
export class ByteParts {
  /** Bytes that are kept. */
  bytes = 0;
  #parts: Uint8Array[] = [];
  /** Where copies go, and how much of it is used. */
  #block = noBytes;
  #blockBytes = 0;
  /** The last part ends where the block is used up to. */
  #isBlockLast = false;
  /** Room for the whole, from {@link reserve} on: all of it goes there, and there are no parts. */
  #whole: Uint8Array | undefined;

  /** @param isTakenAtOnce - {@link join} or {@link takeAll} follows before the slice's buffer can be reused or kept */
  add(slice: Uint8Array, isTakenAtOnce: boolean): void {
    if (slice.length === 0) return;
    this.#whole?.set(slice, this.bytes);
    this.bytes += slice.length;
    if (this.#whole !== undefined) return;
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

  /** {@link join} will follow, of so many bytes: what comes goes to its place at once, and not all of it at the end. */
  reserve(totalBytes: number): void {
    const whole = new Uint8Array(totalBytes);
    this.#copyTo(whole);
    this.#parts = [];
    this.#block = noBytes;
    this.#blockBytes = 0;
    this.#isBlockLast = false;
    this.#whole = whole;
  }

  get isReserved(): boolean {
    return this.#whole !== undefined;
  }

  /** The oldest part, if there is one, with a buffer that nobody else uses any more. */
  shift(): Uint8Array<ArrayBuffer> | undefined {
    const part = this.#parts.shift();
    if (part === undefined) return undefined;
    this.bytes -= part.length;
    // What was taken may be a view of the block: the rest of it is used for what follows.
    this.#isBlockLast &&= this.bytes > 0;
    // Only what ends with its buffer, behind the header of a packet, is sure to be alone in it.
    if (part.byteOffset > OWN_HEAD_BYTES || part.byteOffset + part.length < part.buffer.byteLength) return part.slice();
    // Whoever has it may detach it.
    if (part.buffer === this.#block.buffer) {
      this.#block = noBytes;
      this.#blockBytes = 0;
    }
    return part as Uint8Array<ArrayBuffer>;
  }

  /** All of it in one piece, which is the caller's: a view where there is one part only. */
  join(): Uint8Array {
    const { length, [0]: only = noBytes } = this.#parts;
    let joined = this.#whole?.subarray(0, this.bytes) ?? only;
    if (this.#whole === undefined && length > 1) this.#copyTo((joined = new Uint8Array(this.bytes)));
    this.clear();
    return joined;
  }

  /** All of it in the pieces that it is kept in. */
  takeAll(): Uint8Array[] {
    const parts = this.#whole === undefined ? this.#parts : [this.#whole.subarray(0, this.bytes)];
    this.clear();
    return parts;
  }

  clear(): void {
    this.bytes = this.#blockBytes = 0;
    this.#parts = [];
    this.#block = noBytes;
    this.#isBlockLast = false;
    this.#whole = undefined;
  }

  #copyTo(target: Uint8Array): void {
    let at = 0;
    for (const part of this.#parts) {
      target.set(part, at);
      at += part.length;
    }
  }
}
