import type { DataHead } from '../../protocol/frame.ts';
import { MESSAGE_COST_BYTES } from '../../protocol/limits.ts';
import { decodeText } from '../../protocol/text.ts';

const BLOCK_BYTES = 16 * 1024;
/** Slices below this are always copied: an array of its own costs some 200 bytes more than it holds. */
const MIN_KEPT_BYTES = 2048;

/**
 * A message coming in. Memory grows with what has arrived, never with what was declared.
 *
 * A slice that is a small view of a large buffer would keep all of that buffer alive (measured with `ws`: 5,000 kept
 * bytes held 286 MB), so it is copied into a block; a slice that is most of its buffer is kept as it is.
 */
export class Assembly {
  readonly head: DataHead;
  readonly ordinal: number;
  /** Position in the channel's credit at which the message starts, in bytes. */
  readonly startBytes: number;
  bytes = 0;
  /** The frame that ends the message is being read. */
  isFinishing = false;
  /** Refused: what still comes is counted and dropped. */
  isDiscarded = false;
  #parts: Uint8Array[] = [];
  /** Where copies go, and how much of it is used. */
  #block: Uint8Array = new Uint8Array();
  #blockBytes = 0;
  /** The last part ends where the block is used up to. */
  #isBlockLast = false;

  constructor(head: DataHead, ordinal: number, startBytes: number) {
    this.head = head;
    this.ordinal = ordinal;
    this.startBytes = startBytes;
  }

  /** What it costs so far: payload that has come, fields and the constant. */
  get costBytes(): number {
    return MESSAGE_COST_BYTES + this.head.fieldsBytes + this.bytes;
  }

  /** What it will cost, where that is known. */
  get totalCostBytes(): number | undefined {
    const { total, fieldsBytes } = this.head;
    return total === undefined ? undefined : MESSAGE_COST_BYTES + fieldsBytes + total;
  }

  discard(): void {
    this.isDiscarded = true;
    this.#parts = [];
  }

  add(slice: Uint8Array, isLast: boolean): void {
    this.bytes += slice.length;
    if (this.isDiscarded) return;
    // The last slice is joined before its buffer can be reused or kept.
    if (isLast || (slice.length >= MIN_KEPT_BYTES && slice.length * 2 > slice.buffer.byteLength)) {
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

  /** The whole message, or undefined where its text is not valid UTF-8. */
  finish(): string | Uint8Array<ArrayBuffer> | undefined {
    const [only] = this.#parts;
    if (this.head.text && this.#parts.length === 1 && only !== undefined) return decodeText(only);
    const data = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.#parts) {
      data.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    return this.head.text ? decodeText(data) : data;
  }
}
