import { noBytes } from '../protocol/bytes.ts';
import { encodeText } from '../protocol/text.ts';
import type { Source } from '../session/mux/source.ts';
import { bytesOf, tagOf } from './buffer-bytes.ts';
import type { BufferData } from './buffer-bytes.ts';

/** A piece of a stream. All pieces of one message are text, or all are bytes. */
export type StreamChunk = string | BufferData;

/** The part of a `ReadableStream` that is used; Node's and every browser's have it. */
export interface ReadableStreamLike<T> {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: T | undefined }>;
    cancel(): Promise<unknown>;
  };
}

/** Where the chunks come from: an async iterator, or a reader in the form of one. */
export interface ChunkIterator {
  next(): PromiseLike<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  /** Nothing more is wanted. */
  return?: (() => unknown) | undefined;
}

/** What tells a Node `Readable` from other async iterables, and how it stands. */
interface NodeReadable {
  readonly destroyed: boolean;
  readonly errored: unknown;
  readonly readableDidRead: boolean;
  readonly readableEnded: boolean;
  on(event: 'error', listener: () => void): unknown;
  destroy(): unknown;
}

// Native ones, where there are any.
declare const ReadableStream: (abstract new () => object) | undefined;
declare const Response: new (body: object) => unknown;

const READ_AHEAD_BYTES = 256 * 1024;
const MAX_REUSED_BYTES = 2 * READ_AHEAD_BYTES;
/** A producer that has given nothing for so many turns of the microtask queue waits for something else. */
const IDLE_TURNS = 16;

/** Iterables that have one reading only, and it is ours. */
const taken = /* @__PURE__ */ new WeakSet();

function refuse(which: string): never {
  throw new TypeError(`Cannot send a stream that ${which}.`);
}

/**
 * Takes hold of a `ReadableStream` or an async iterable, without reading anything; `undefined` when it is neither.
 *
 * @throws TypeError when another has it, or its beginning is gone
 */
export function openStream(data: unknown): ChunkIterator | undefined {
  const stream = (data ?? {}) as Partial<ReadableStreamLike<unknown> & AsyncIterable<unknown> & NodeReadable>;
  if (typeof stream.getReader === 'function') {
    if (stream.locked) refuse('is locked: it has another reader');
    if (typeof ReadableStream === 'function' && stream instanceof ReadableStream) {
      try {
        // The one way to see whether it was read from. It reads nothing; and no stream that is locked is cancelled when
        // the Response is collected.
        new Response(stream);
      } catch {
        refuse('was read from');
      }
    }
    const reader = stream.getReader();
    return { next: () => reader.read(), return: () => reader.cancel() };
  }
  if (typeof stream[Symbol.asyncIterator] !== 'function') return undefined;
  if (stream.destroyed || stream.errored) refuse('is destroyed, or has failed');
  if (stream.readableDidRead || stream.readableEnded) refuse('was read from');
  const iterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const isReadable = stream.readableDidRead === false;
  // A generator is its own iterator. Two readings of one would each get a part.
  const key = isReadable ? stream : iterator;
  if (taken.has(key)) refuse('is being sent');
  taken.add(key);
  if (!isReadable) return iterator;
  // Fails when its turn comes; until then nothing else listens, and that would end the process.
  stream.on?.('error', () => undefined);
  // The iterator of a Readable does not close what it has not begun to read, nor while it waits.
  return { next: () => iterator.next(), return: () => stream.destroy?.() };
}

/**
 * Reads a stream as it is sent, no more than 256 KiB (and the chunk that goes beyond) ahead of what was copied, one chunk
 * at a time, and nothing before it is asked for.
 *
 * What a chunk holds is copied when it comes: many producers fill one buffer again and again. It costs little, since all
 * that is ready lies in one piece then, however small the chunks are.
 *
 * Invariant: `#bytes` from `#at` to `#end` is what was read and not copied.
 */
export class StreamSource implements Source {
  isText = false;
  readonly totalBytes: undefined;
  readonly heldBytes = 0;
  state: 'open' | 'ended' | 'failed' = 'open';
  error: unknown;
  onReady: (() => void) | undefined;
  /** Undefined when there is nothing more to ask of it. */
  #iterator: ChunkIterator | undefined;
  #isReading = false;
  #reads = 0;
  #isEmpty = true;
  #isWhole = true;
  #bytes = noBytes;
  #at = 0;
  #end = 0;
  /** A first half of a surrogate pair: the second may come with the next chunk. */
  #half = '';

  constructor(iterator: ChunkIterator) {
    this.#iterator = iterator;
  }

  get readyBytes(): number {
    return this.#end - this.#at;
  }

  pull(): void {
    void this.#read();
  }

  copy(target: Uint8Array, at: number, count: number): void {
    const from = this.#at;
    this.#at = from + count;
    target.set(this.#bytes.subarray(from, this.#at), at);
    if (this.#at === this.#end) this.#clear();
    this.#isWhole = false;
    this.pull();
  }

  restart(): boolean {
    return this.#isWhole;
  }

  release(): void {
    this.#bytes = noBytes;
    this.#at = this.#end = 0;
    this.#isWhole = false;
    this.onReady = undefined;
    this.#stop();
  }

  /** Fresh memory costs more than the copy into it, so what is usual is used again. */
  #clear(): void {
    if (this.#bytes.length > MAX_REUSED_BYTES) this.#bytes = noBytes;
    this.#at = this.#end = 0;
  }

  #stop(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    // Later, as in `#read`.
    Promise.resolve()
      .then(() => iterator?.return?.())
      .catch(() => undefined);
  }

  async #read(): Promise<void> {
    const iterator = this.#iterator;
    if (iterator === undefined || this.#isReading || this.readyBytes >= READ_AHEAD_BYTES) return;
    this.#isReading = true;
    let hasMore = false;
    try {
      // The application's code must not run inside of the mux: it may send, or abort this very message.
      await Promise.resolve();
      if (this.#iterator !== iterator) return;
      const { done, value } = await iterator.next();
      if (this.#iterator !== iterator) return;
      hasMore = !done;
      if (hasMore) this.#take(value);
      else {
        this.#append(encodeText(this.#half));
        this.state = 'ended';
      }
    } catch (error) {
      if (this.#iterator !== iterator) return;
      this.error = error === undefined ? new Error('The stream failed.') : error;
      this.state = 'failed';
    }
    this.#isReading = false;
    if (!hasMore) this.#iterator = undefined;
    if (this.state === 'failed') this.#stop();
    void this.#read();
    // What comes at once goes into one frame: only the last read of a run tells.
    const reads = ++this.#reads;
    for (let turn = 0; turn < IDLE_TURNS; turn++) await Promise.resolve();
    if (reads === this.#reads) this.onReady?.();
  }

  #take(chunk: unknown): void {
    const isText = typeof chunk === 'string';
    const data = isText ? chunk : bytesOf(chunk);
    if (data === undefined) throw new TypeError(`Cannot send a chunk that is ${tagOf(chunk)}: give strings or bytes.`);
    if (this.#isEmpty) this.isText = isText;
    // An empty chunk says nothing about the others.
    if (data.length === 0) return;
    if (isText !== this.isText) throw new TypeError('Cannot send strings and bytes in one message.');
    this.#isEmpty = false;
    if (typeof data !== 'string') {
      this.#append(data);
      return;
    }
    const text = this.#half + data;
    const end = text.length - Number((text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800);
    this.#half = text.slice(end);
    this.#append(encodeText(text.slice(0, end)));
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) {
      const { readyBytes } = this;
      // As much room again as is moved: then no byte is moved more than once on average.
      const roomBytes = readyBytes * 2 + bytes.length;
      const moved = roomBytes > this.#bytes.length ? new Uint8Array(roomBytes) : this.#bytes;
      moved.set(this.#bytes.subarray(this.#at, this.#end));
      this.#bytes = moved;
      this.#at = 0;
      this.#end = readyBytes;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}
