import { CancelledError, MessageTooBigError } from '../errors/transfer-errors.ts';
import type { CancelCause } from '../errors/transfer-errors.ts';
import type { MessageOrigin } from '../protocol/frame.ts';
import { encodeText } from '../protocol/text.ts';
import type { IncomingMessage } from '../session/mux/incoming-message.ts';
import type { Session } from '../session/session.ts';
import { byteStream } from './byte-stream.ts';
import { ProgressMeter } from './progress-meter.ts';
import { SafeEmitter } from './safe-emitter.ts';
import type { Unsubscribe } from './safe-emitter.ts';

/**
 * `receiving` more is to come; `received` all of it is here, read or not; `failed` it will not come: the sender gave it
 * up, the session ended, or it was rejected on this side.
 */
export type IncomingState = 'receiving' | 'received' | 'failed';

/** How far a message that is coming in has come. */
export interface IncomingProgress {
  /** Payload that has come, in bytes. */
  readonly receivedBytes: number;
  /** Length of the payload in bytes, where the sender knows it. */
  readonly totalBytes: number | undefined;
  /** Speed over the last events; 0 until there are two. */
  readonly bytesPerSecond: number;
}

/**
 * One message on its way in, from its first bytes on. To be taken once, by one of `text`, `arrayBuffer`, `blob` and
 * `stream`, or refused by `reject`: a second time is a `TypeError`. What is not taken when the listeners of `incoming`
 * have returned is handed to those of `message`, when it is whole; while there are none of these it can still be taken.
 *
 * Messages of one channel come one after the other: the next one is told when this one has been read to its end.
 */
export interface Incoming {
  /** Name of the channel; `''` is the default channel. */
  readonly channel: string;
  /** What the sender said of it. */
  readonly meta: unknown;
  /** It was sent as text. */
  readonly isText: boolean;
  readonly state: IncomingState;
  /** Payload that has come, in bytes. */
  readonly receivedBytes: number;
  /** Length of the payload in bytes, where the sender knows it. */
  readonly totalBytes: number | undefined;
  /** Set when the message is sent again after a lost session, and so may have come before. */
  readonly possibleDuplicateOf: MessageOrigin | undefined;
  /** Progress, at most every 50 ms and once at the end. Returns a function that ends the subscription. */
  on(event: 'progress', listener: (progress: IncomingProgress) => void): Unsubscribe;
  /**
   * All of it as a string; bytes are decoded as UTF-8, with U+FFFD for what is none. Rejected with `MessageTooBigError`
   * above `maxMessageBytes`, and with `CancelledError` when the rest does not come. So is `arrayBuffer`.
   */
  text(): Promise<string>;
  /** All of it as bytes; text as UTF-8. */
  arrayBuffer(): Promise<ArrayBuffer>;
  /**
   * All of it as a Blob, put together as it comes: in a browser it does not sit in the JavaScript heap, and may be larger
   * than `maxMessageBytes`. `meta.type` becomes its type. Rejected with `CancelledError` when the rest does not come.
   */
  blob(): Promise<Blob>;
  /**
   * The bytes as they come; text as UTF-8. Whoever reads slowly slows the sender, on this channel only. Errors with
   * `CancelledError` when the rest does not come; `cancel` rejects the message. A byte stream, where the platform has
   * those: a reader of mode `byob` makes no garbage, however long the message is.
   */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /**
   * Refuses the message: its sender's transfer fails with `RejectedError`. One that is whole can be refused so in the
   * listener of `incoming` only: later its sender may have been told that it is delivered, and it is just thrown away.
   */
  reject(reason?: string): void;
}

/** What an {@link IncomingTransfer} needs of the session's driver. */
export interface IncomingHost {
  readonly session: Session;
  readonly report: (error: unknown) => void;
  /** The session has something to say: credit was given back, or a message refused. */
  readonly wake: () => void;
  /** The application has said what becomes of it. */
  readonly claimed: () => void;
}

/** So much goes into the parts of a Blob. */
const BLOB_PART_BYTES = 1024 * 1024;
/** Less than this is left to grow: an array of its own costs more than it holds. */
const MIN_READ_BYTES = 1024;

const CAUSES: readonly CancelCause[] = ['aborted', 'source-failed', 'expired', 'closing'];

/** The inside of an {@link Incoming}. */
export class IncomingTransfer implements Incoming {
  readonly #message: IncomingMessage;
  readonly #host: IncomingHost;
  readonly #emitter: SafeEmitter<{ progress: IncomingProgress }>;
  readonly #meter = new ProgressMeter();
  /** The application has said what becomes of it. */
  #isClaimed = false;
  /** Takes what is there; called after each change. */
  #take: (() => void) | undefined;

  constructor(message: IncomingMessage, host: IncomingHost) {
    this.#message = message;
    this.#host = host;
    this.#emitter = new SafeEmitter(host.report);
  }

  get channel(): string {
    return this.#message.channel.name;
  }

  get meta(): unknown {
    return this.#message.head.fields?.meta;
  }

  get isText(): boolean {
    return this.#message.head.text;
  }

  get state(): IncomingState {
    const { end, isWhole, use } = this.#message;
    if (end !== undefined || use === 'dropped') return 'failed';
    return isWhole ? 'received' : 'receiving';
  }

  get receivedBytes(): number {
    return this.#message.bytes;
  }

  get totalBytes(): number | undefined {
    const { isWhole, bytes, head } = this.#message;
    return isWhole ? bytes : head.total;
  }

  get possibleDuplicateOf(): MessageOrigin | undefined {
    return this.#message.head.fields?.origin;
  }

  /** Nobody has said yet what becomes of it. */
  get isOpen(): boolean {
    return this.#message.use === 'open';
  }

  on(event: 'progress', listener: (progress: IncomingProgress) => void): Unsubscribe {
    return this.#emitter.on(event, listener);
  }

  async text(): Promise<string> {
    const data = await this.#collect();
    return typeof data === 'string' ? data : new TextDecoder().decode(data);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const data = await this.#collect();
    return (typeof data === 'string' ? encodeText(data) : data).buffer as ArrayBuffer;
  }

  blob(): Promise<Blob> {
    return new Promise((resolve, reject) => {
      this.collectBlob(resolve, reject);
    });
  }

  /**
   * As {@link blob}, in the same turn.
   *
   * @param maxBytes - refuses a longer one
   */
  collectBlob(done: (blob: Blob) => void, failed: (error: Error) => void, maxBytes?: number): void {
    const message = this.#stream(maxBytes);
    const parts: (Uint8Array<ArrayBuffer> | Blob)[] = [];
    let whole = 0;
    let bytes = 0;
    this.#take = () => {
      const isWorthIt = message.unreadBytes >= MIN_READ_BYTES || message.isWhole;
      for (let part = isWorthIt ? this.#read() : undefined; part; part = this.#read()) {
        parts.push(part);
        bytes += part.length;
        if (bytes < BLOB_PART_BYTES) continue;
        // Out of the heap with it: what is left is a reference.
        parts.push(new Blob(parts.splice(whole++)));
        bytes = 0;
      }
      const error = this.#error();
      if (!message.isTaken && error === undefined) return;
      this.#take = undefined;
      if (error === undefined) done(makeBlob(parts, this.meta));
      else failed(error);
    };
    this.#take();
  }

  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const message = this.#stream();
    const getError = (): Error | undefined => this.#error();
    return byteStream({
      read: () => this.#read(),
      get isAtEnd() {
        return message.isTaken;
      },
      get error() {
        return getError();
      },
      follow: (take) => {
        this.#take = take;
        take?.();
      },
      cancel: (reason) => {
        this.#reject(reason);
      },
    });
  }

  reject(reason?: string): void {
    this.#claim();
    this.#reject(reason);
  }

  /** More has come, or all, or it never will. */
  changed(nowMs: number): void {
    const { state, receivedBytes, totalBytes } = this;
    if (this.#meter.isDue(receivedBytes, nowMs) || state === 'received') {
      const { bytesPerSecond } = this.#meter;
      this.#emitter.emit('progress', { receivedBytes, totalBytes, bytesPerSecond });
    }
    this.#take?.();
  }

  /** For one who takes it; what has failed meanwhile fails there. */
  #claim(): IncomingMessage {
    const message = this.#message;
    if (this.#isClaimed || (!this.isOpen && this.state !== 'failed')) {
      throw new TypeError('The message was taken, rejected, or handed over already.');
    }
    this.#isClaimed = true;
    this.#host.claimed();
    this.#host.wake();
    return message;
  }

  #stream(maxBytes?: number): IncomingMessage {
    const message = this.#claim();
    if (this.isOpen) this.#host.session.stream(message, maxBytes);
    return message;
  }

  #collect(): Promise<string | Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      const message = this.#claim();
      const { receiver } = this.#host.session;
      if (this.isOpen) receiver.collect(message);
      this.#take = () => {
        const error = this.#error();
        if (error === undefined && !message.isWhole) return;
        this.#take = undefined;
        if (error === undefined) resolve(receiver.takeData(message));
        else reject(error);
        // The next message may be there.
        this.#host.wake();
      };
      this.#take();
    });
  }

  #read(): Uint8Array<ArrayBuffer> | undefined {
    const part = this.#host.session.receiver.read(this.#message);
    this.#host.wake();
    return part;
  }

  #reject(reason: unknown): void {
    if (this.state === 'failed') return;
    const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : '';
    this.#host.session.receiver.reject(this.#message, text);
    this.#host.wake();
  }

  #error(): Error | undefined {
    const { end, use, maxBytes } = this.#message;
    if (end !== undefined) {
      // A code that is not known is read as the first.
      const cause = end.code === undefined ? 'session-ended' : (CAUSES[end.code] ?? 'aborted');
      return new CancelledError(cause, end.reason);
    }
    return use === 'dropped' ? new MessageTooBigError(this.totalBytes, maxBytes) : undefined;
  }
}

/** With the type that `meta` names. */
export function makeBlob(parts: readonly (Uint8Array<ArrayBuffer> | Blob)[], meta: unknown): Blob {
  const { type } = (meta ?? {}) as { type?: unknown };
  return new Blob(parts, { type: typeof type === 'string' ? type : '' });
}
