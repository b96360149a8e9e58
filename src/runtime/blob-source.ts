import type { Source } from '../session/mux/source.ts';

/** The part of a Blob or File that is used; Node's and every browser's have it. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** Reads into buffers that it is given (ReadableStreamBYOBReader). */
interface ByteReader {
  read(view: Uint8Array<ArrayBuffer>): Promise<{ readonly done: boolean; readonly value?: Uint8Array<ArrayBuffer> }>;
  cancel(): Promise<unknown>;
}

/** The Blob as a stream, where it has one. */
interface Streamable {
  stream?(): { getReader(options: { readonly mode: 'byob' }): ByteReader };
}

/**
 * Reads the Blob from `start` on into the same few buffers over and over. Slices make garbage instead, in the JavaScript
 * heap and outside of it, of which engines let pile up tens of MiB (measured in Chromium: 70 and more, and three times
 * slower). `undefined` where the platform's Blobs have no such streams.
 */
function byteReader(blob: BlobLike & Streamable, start: number, end: number): ByteReader | undefined {
  if (typeof blob.stream !== 'function') return undefined;
  try {
    return (blob.slice(start, end) as Streamable).stream?.().getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}

// Measured in Node 20, one slice after the other: reads of 64 KiB bring 0.5 GB/s, those of 512 KiB 1.1 (a file) or more
// (memory), larger ones no more.
const READ_BYTES = 512 * 1024;
const MAX_BLOCKS = 4;

/**
 * Reads a Blob slice by slice, no more than 2 MiB ahead of what was copied, and nothing before it is asked for: a
 * thousand queued files hold no memory.
 */
export class BlobSource implements Source {
  readonly isText = false;
  readonly totalBytes: number;
  readonly heldBytes = 0;
  error: unknown;
  onReady: (() => void) | undefined;
  readonly #blob: BlobLike;
  /** What was read and not copied. Only the first one is ready: no copy has to join two. */
  #blocks: Uint8Array[] = [];
  #readBytes = 0;
  /** Buffers that were copied wholly. */
  #free: ArrayBuffer[] = [];
  /** Null where there is none. */
  #reader: ByteReader | null | undefined;
  /** Names the read that counts; what an older one brings is dropped. */
  #reading: object | undefined;

  constructor(blob: BlobLike) {
    this.#blob = blob;
    this.totalBytes = blob.size;
  }

  get readyBytes(): number {
    return this.#blocks[0]?.length ?? 0;
  }

  get state(): 'open' | 'ended' | 'failed' {
    if (this.error !== undefined) return 'failed';
    return this.#readBytes < this.totalBytes || this.#blocks.length > 1 ? 'open' : 'ended';
  }

  pull(): void {
    void this.#read();
  }

  copy(target: Uint8Array, at: number, count: number): void {
    const block = this.#blocks[0] as Uint8Array;
    target.set(block.subarray(0, count), at);
    if (count < block.length) {
      this.#blocks[0] = block.subarray(count);
    } else {
      this.#blocks.shift();
      if (this.#reader) this.#free.push(block.buffer as ArrayBuffer);
    }
    void this.#read();
  }

  restart(): boolean {
    this.release();
    this.error = undefined;
    this.#readBytes = 0;
    return true;
  }

  release(): void {
    this.#blocks = [];
    this.#free = [];
    this.#readBytes = this.totalBytes;
    this.#reading = undefined;
    this.#reader?.cancel().catch(() => undefined);
    this.#reader = undefined;
  }

  async #readBlock(start: number, end: number): Promise<Uint8Array> {
    if (this.#reader === undefined) this.#reader = byteReader(this.#blob, start, this.totalBytes) ?? null;
    const reader = this.#reader;
    if (reader === null) return new Uint8Array(await this.#blob.slice(start, end).arrayBuffer());
    let buffer = this.#free.pop() ?? new ArrayBuffer(Math.min(READ_BYTES, this.totalBytes));
    let at = 0;
    while (at < end - start) {
      const { value, done } = await reader.read(new Uint8Array(buffer, at, end - start - at));
      if (value === undefined || done) break;
      buffer = value.buffer;
      at += value.length;
    }
    return new Uint8Array(buffer, 0, at);
  }

  async #read(): Promise<void> {
    const start = this.#readBytes;
    const end = Math.min(this.totalBytes, start + READ_BYTES);
    const isWanted = start < end && this.error === undefined && this.#blocks.length < MAX_BLOCKS;
    if (!isWanted || this.#reading !== undefined) return;
    const reading = {};
    this.#reading = reading;
    try {
      const block = await this.#readBlock(start, end);
      if (this.#reading !== reading) return;
      if (block.length !== end - start) throw new RangeError(`Read ${block.length} bytes instead of ${end - start}.`);
      this.#blocks.push(block);
      this.#readBytes = end;
    } catch (error) {
      // A Blob of an old browser (one that has no `arrayBuffer`) fails within the call: to be told after it.
      await Promise.resolve();
      if (this.#reading !== reading) return;
      this.error = error ?? new Error('The Blob could not be read.');
    }
    this.#reading = undefined;
    void this.#read();
    this.onReady?.();
  }
}
