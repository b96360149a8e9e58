import { AbortedError } from '../errors/transfer-errors.ts';
import type { OutgoingMessage } from '../session/mux/outgoing-message.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { Unsubscribe } from './safe-emitter.ts';
import { SafeEmitter } from './safe-emitter.ts';

/**
 * `queued` nothing was sent yet; `sending` some was; `delivered` the peer's session holds the whole message; `failed`
 * it was aborted, refused, or lost with its session.
 */
export type TransferState = 'queued' | 'sending' | 'delivered' | 'failed';

/** How far a transfer has come. */
export interface TransferProgress {
  /** Payload that the peer has acknowledged, in bytes. */
  readonly ackedBytes: number;
  /** Length of the payload in bytes, where it is known. */
  readonly totalBytes: number | undefined;
  /** Speed over the last events; 0 until there are two. */
  readonly bytesPerSecond: number;
}

/** One message on its way out. */
export interface Transfer {
  /** Name of the channel. */
  readonly channel: string;
  /** As it was sent: a copy of what was given. */
  readonly meta: unknown;
  readonly state: TransferState;
  /**
   * Payload that was given to a connection at least once, in bytes. What lies between `ackedBytes` and it is under way, or
   * is sent again when the session goes on after a loss.
   */
  readonly sentBytes: number;
  /** Payload that the peer has acknowledged, in bytes; in the plain mode, that has left the socket's buffer. */
  readonly ackedBytes: number;
  /** Length of the payload in bytes, where it is known. */
  readonly totalBytes: number | undefined;
  /**
   * Settles once: fulfilled when the peer's session holds the whole message (not: when its application has read it),
   * rejected with a `ChunkSocketError` that says why not. In the plain mode, which has no acknowledgement, fulfilled when
   * it may be assumed (see the option `mode`). May be ignored: no unhandled rejection comes of it.
   */
  readonly delivered: Promise<void>;
  /** Progress, at most every 50 ms and once at the end. Returns a function that ends the subscription. */
  on(event: 'progress', listener: (progress: TransferProgress) => void): Unsubscribe;
  /**
   * Gives the message up and tells the peer; other messages are not disturbed. Without effect once it is delivered. The
   * peer may still get it if its last byte was already on the way.
   */
  abort(reason?: unknown): void;
}

/** What is made only for those who ask how far a transfer has come. */
interface ProgressWatch {
  readonly emitter: SafeEmitter<{ progress: TransferProgress }>;
  readonly meter: ProgressMeter;
}

/** What a {@link TransferHandle} needs of those who have its message. */
export interface TransferHost {
  readonly report: (error: unknown) => void;
  /** The application gives the message up. */
  abort(message: OutgoingMessage, error: AbortedError): void;
}

/** The inside of a {@link Transfer}: who holds this can settle it. There are many of them, so most is made on demand. */
export class TransferHandle implements Transfer {
  /** What the session sends for it; another one when the message is carried over to the next session. */
  message: OutgoingMessage;
  readonly #host: TransferHost;
  /** Ends following the signal. */
  readonly #unfollow: (() => void) | undefined;
  #outcome: 'delivered' | 'failed' | undefined;
  #error: Error | undefined;
  #delivered: Promise<void> | undefined;
  #finish: (() => void) | undefined;
  #watch: ProgressWatch | undefined;

  /** @param signal - gives it up, too */
  constructor(message: OutgoingMessage, host: TransferHost, signal: AbortSignalLike | undefined) {
    this.message = message;
    this.#host = host;
    if (signal === undefined) return;
    const follow = (): void => {
      this.abort(signal.reason);
    };
    signal.addEventListener('abort', follow);
    this.#unfollow = () => {
      signal.removeEventListener('abort', follow);
    };
  }

  get delivered(): Promise<void> {
    if (this.#delivered === undefined) {
      this.#delivered = new Promise((resolve, reject) => {
        this.#finish = () => {
          if (this.#error === undefined) resolve();
          else reject(this.#error);
        };
      });
      // Whoever does not care need not catch.
      this.#delivered.catch(() => undefined);
      if (this.#outcome !== undefined) this.#finish?.();
    }
    return this.#delivered;
  }

  get channel(): string {
    return this.message.init.channel;
  }

  get meta(): unknown {
    return this.message.init.meta;
  }

  get state(): TransferState {
    return this.#outcome ?? (this.message.channelNumber < 0 ? 'queued' : 'sending');
  }

  get sentBytes(): number {
    return this.message.writtenBytes;
  }

  get ackedBytes(): number {
    return this.message.ackedBytes;
  }

  get totalBytes(): number | undefined {
    const { init, ackedBytes } = this.message;
    return init.source.totalBytes ?? (this.#outcome === 'delivered' ? ackedBytes : undefined);
  }

  on(event: 'progress', listener: (progress: TransferProgress) => void): Unsubscribe {
    this.#watch ??= { emitter: new SafeEmitter(this.#host.report), meter: new ProgressMeter() };
    return this.#watch.emitter.on(event, listener);
  }

  abort(reason?: unknown): void {
    if (this.#outcome === undefined) this.#host.abort(this.message, new AbortedError(reason));
  }

  /** Delivered, or failed with `error`. */
  settle(error?: Error): void {
    this.#unfollow?.();
    this.#outcome = error === undefined ? 'delivered' : 'failed';
    this.#error = error;
    if (error === undefined) this.#emitProgress();
    this.#finish?.();
  }

  progressed(nowMs: number): void {
    if (this.#watch?.meter.isDue(this.ackedBytes, nowMs) === true) this.#emitProgress();
  }

  #emitProgress(): void {
    if (this.#watch === undefined) return;
    const { ackedBytes, totalBytes } = this;
    const { emitter, meter } = this.#watch;
    emitter.emit('progress', { ackedBytes, totalBytes, bytesPerSecond: meter.bytesPerSecond });
  }
}

/** The part of an `AbortSignal` that is used. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
