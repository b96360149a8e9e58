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

/** Bytes that are all there. Takes ownership: the bytes must not change any more. */
export class BytesSource implements Source {
  readonly isText: boolean;
  readonly state = 'ended';
  onReady: (() => void) | undefined;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array, isText: boolean) {
    this.#bytes = bytes;
    this.isText = isText;
  }

  /** All of them: whatever was copied, and for as long as the source is there. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get totalBytes(): number {
    return this.#bytes.length;
  }

  get heldBytes(): number {
    return this.#bytes.buffer.byteLength;
  }

  get readyBytes(): number {
    return this.#bytes.length - this.#at;
  }

  /** Another source of the same bytes. */
  again(): BytesSource {
    return new BytesSource(this.#bytes, this.isText);
  }

  pull(): void {
    // Everything is there.
  }

  copy(target: Uint8Array, at: number, count: number): void {
    const from = this.#at;
    this.#at = from + count;
    target.set(count === this.#bytes.length ? this.#bytes : this.#bytes.subarray(from, this.#at), at);
  }

  restart(): boolean {
    this.#at = 0;
    return true;
  }

  release(): void {
    this.#at = this.#bytes.length;
  }
}
