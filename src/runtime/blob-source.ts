import type { Source } from '../session/mux/source.ts';

/** The part of a Blob or File that is used; Node's and every browser's have it. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

const READ_BYTES = 512 * 1024;
const AHEAD_BYTES = 2 * 1024 * 1024;

/**
 * Reads a Blob slice by slice, no more than 2 MiB ahead of what was copied, and nothing before it is asked for: a
 * thousand queued files hold no memory.
 */
export class BlobSource implements Source {
  readonly totalBytes: number;
  readonly heldBytes = 0;
  error: unknown;
  onReady: (() => void) | undefined;
  readonly #blob: BlobLike;
  #blocks: Uint8Array[] = [];
  #readyBytes = 0;
  #readBytes = 0;
  /** Names the read that counts; what an older one brings is dropped. */
  #reading: object | undefined;
  #hasFailed = false;

  constructor(blob: BlobLike) {
    this.#blob = blob;
    this.totalBytes = blob.size;
  }

  /** Asking is what makes it read ahead. */
  get readyBytes(): number {
    this.#read();
    return this.#readyBytes;
  }

  get state(): 'open' | 'ended' | 'failed' {
    if (this.#hasFailed) return 'failed';
    return this.#readBytes === this.totalBytes ? 'ended' : 'open';
  }

  copy(target: Uint8Array, at: number, count: number): void {
    this.#readyBytes -= count;
    while (count > 0) {
      const block = this.#blocks[0] as Uint8Array;
      const part = block.subarray(0, count);
      target.set(part, at);
      at += part.length;
      count -= part.length;
      if (part.length === block.length) this.#blocks.shift();
      else this.#blocks[0] = block.subarray(part.length);
    }
    this.#read();
  }

  restart(): boolean {
    this.release();
    this.#hasFailed = false;
    this.#readBytes = 0;
    return true;
  }

  release(): void {
    this.#blocks = [];
    this.#readyBytes = 0;
    this.#readBytes = this.totalBytes;
    this.#reading = undefined;
  }

  #read(): void {
    if (this.#reading !== undefined || this.state !== 'open' || this.#readyBytes >= AHEAD_BYTES) return;
    const reading = {};
    this.#reading = reading;
    const end = Math.min(this.totalBytes, this.#readBytes + READ_BYTES);
    const length = end - this.#readBytes;
    this.#blob
      .slice(this.#readBytes, end)
      .arrayBuffer()
      .then(
        (buffer) => {
          if (this.#reading !== reading) return;
          if (buffer.byteLength === length) {
            this.#blocks.push(new Uint8Array(buffer));
            this.#readBytes = end;
            this.#readyBytes += length;
          } else {
            this.#fail(new RangeError(`Read ${buffer.byteLength} bytes instead of ${length}.`));
          }
        },
        (error: unknown) => {
          if (this.#reading === reading) this.#fail(error);
        },
      )
      .finally(() => {
        if (this.#reading !== reading) return;
        this.#reading = undefined;
        this.#read();
        this.onReady?.();
      });
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.error = error;
  }
}
