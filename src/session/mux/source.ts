import { noBytes, pack } from '../../protocol/bytes.ts';

/**
 * Where a message's bytes come from. Pulled, never pushed: a source holds no more than it is asked for.
 *
 * Sources that get their bytes asynchronously call {@link onReady} whenever `readyBytes` or `state` has changed, and never
 * from inside one of the calls below.
 */
export interface Source {
  /** Whether the message is text. To be relied on once a byte is ready, or the end has come. */
  readonly isText: boolean;
  /** Length of the whole in bytes, where it is known. */
  readonly totalBytes: number | undefined;
  /** Bytes of memory that the source keeps alive while the message waits. */
  readonly heldBytes: number;
  /** Bytes that {@link copy} can give now. */
  readonly readyBytes: number;
  /** `ended`: what is ready is the rest. */
  readonly state: 'open' | 'ended' | 'failed';
  /** Why it failed. */
  readonly error?: unknown;
  onReady: (() => void) | undefined;
  /** The message's turn has come: from now on the source may read ahead. Called often. */
  pull(): void;
  /** Copies the next `count` bytes (at most `readyBytes`) into `target` at `at`. */
  copy(target: Uint8Array, at: number, count: number): void;
  /** Goes back to the first byte; false when that cannot be done. */
  restart(): boolean;
  /** Nothing more will be read. */
  release(): void;
}

/** Smaller buffers may be shared by many messages, each of which counts its own. */
const MIN_OWN_BUFFER_BYTES = 4096;

/** Bytes that are all there. Takes ownership: they must not change any more. */
export class BytesSource implements Source {
  readonly isText: boolean;
  readonly state = 'ended';
  readonly totalBytes: number;
  readonly heldBytes: number;
  onReady: (() => void) | undefined;
  #parts: readonly Uint8Array[];
  /** What {@link copy} has given. */
  #givenBytes = 0;
  /** Where the next byte is. */
  #part = 0;
  #at = 0;

  /** @param parts - in one piece, or in several */
  constructor(parts: Uint8Array | readonly Uint8Array[], isText: boolean) {
    this.#parts = 'buffer' in parts ? [parts] : parts;
    this.isText = isText;
    let totalBytes = 0;
    let heldBytes = 0;
    for (const { length, buffer } of this.#parts) {
      totalBytes += length;
      heldBytes += buffer.byteLength < MIN_OWN_BUFFER_BYTES ? length : buffer.byteLength;
    }
    this.totalBytes = totalBytes;
    this.heldBytes = heldBytes;
  }

  get readyBytes(): number {
    return this.totalBytes - this.#givenBytes;
  }

  /** All of them in one piece: whatever was copied, and for as long as the source is there. */
  whole(): Uint8Array {
    const [first = noBytes, second] = this.#parts;
    if (second === undefined) return first;
    const whole = pack(...this.#parts);
    // One copy is enough.
    if (this.#givenBytes === 0) this.#parts = [whole];
    return whole;
  }

  /** Another source of the same bytes. */
  again(): BytesSource {
    return new BytesSource(this.#parts, this.isText);
  }

  pull(): void {
    // Everything is there.
  }

  copy(target: Uint8Array, at: number, count: number): void {
    this.#givenBytes += count;
    while (count > 0) {
      const part = this.#parts[this.#part] as Uint8Array;
      const from = this.#at;
      const bytes = Math.min(count, part.length - from);
      target.set(bytes === part.length ? part : part.subarray(from, from + bytes), at);
      at += bytes;
      count -= bytes;
      this.#at = from + bytes;
      if (this.#at < part.length) break;
      this.#part++;
      this.#at = 0;
    }
  }

  restart(): boolean {
    this.#givenBytes = this.#part = this.#at = 0;
    return true;
  }

  release(): void {
    this.#givenBytes = this.totalBytes;
  }
}
