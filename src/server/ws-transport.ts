import { CloseCode, truncateReason } from '../protocol/close-codes.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Transport, TransportHandlers } from '../runtime/transport.ts';

/** The part of a `WebSocket` of `ws` that is used. */
export interface WsSocket {
  readonly protocol: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType: string;
  send(data: Uint8Array, options: { readonly binary: boolean }): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: 'open', listener: () => void): unknown;
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
}

/** How a {@link WsTransport} is set up. */
export interface WsTransportOptions {
  readonly clock: Clock;
  /** A larger message is refused and closes with 1009, in bytes. */
  readonly maxPacketBytes: number;
  /**
   * Largest message that `ws` itself lets through, in bytes, where that is known. Only then can the peer be told of it
   * when `ws` has refused one.
   */
  readonly maxPayloadBytes?: number | undefined;
}

const OPEN = 1;
const CLOSED = 3;
/** A peer that does not answer a close is cut off after this; `ws` itself would wait for 30 s. */
const CLOSE_TIMEOUT_MS = 5000;
const BINARY = { binary: true } as const;
const NEVER_SENT: readonly number[] = [1004, CloseCode.noStatus, CloseCode.abnormal];

/**
 * `opening` the handlers have not been told of the socket yet; `closing` we closed, or `ws` did for us: what the peer
 * still sends is dropped.
 */
type State = 'opening' | 'open' | 'closing' | 'closed';

/** A `WebSocket` of `ws`, on the server or (for tests) the client side of it, as a {@link Transport}. */
export class WsTransport implements Transport {
  readonly #socket: WsSocket;
  readonly #handlers: TransportHandlers;
  readonly #options: WsTransportOptions;
  #state: State = 'opening';
  /** `ws` gave the connection up: the code that comes with its close is our own, echoed. */
  #hasFailed = false;
  #stopTimer: (() => void) | undefined;

  /** Takes the socket over. One that is open already is told as `opened` at the end of the task. */
  constructor(socket: WsSocket, handlers: TransportHandlers, options: WsTransportOptions) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#options = options;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => {
      this.#received(data as Buffer, isBinary);
    });
    socket.on('error', (error) => {
      this.#failed(error);
    });
    socket.on('close', (code, reason) => {
      this.#closed(code, reason.toString());
    });
    if (socket.readyState === OPEN) {
      queueMicrotask(() => {
        this.#open();
      });
    } else {
      socket.on('open', () => {
        this.#open();
      });
    }
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    // Out of the state OPEN `ws` would count the bytes as buffered for ever.
    if (this.#state !== 'closing' && this.#socket.readyState === OPEN) this.#socket.send(bytes, BINARY);
  }

  close(code: number, reason: string): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#endSoon();
    if (isAllowed(code)) this.#socket.close(code, truncateReason(reason));
    else this.#socket.close();
  }

  #open(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    this.#handlers.opened();
  }

  #received(data: Buffer, isBinary: boolean): void {
    // What had come with the upgrade request can be here before the end of the task.
    this.#open();
    if (this.#state !== 'open') return;
    const { maxPacketBytes } = this.#options;
    if (!isBinary) {
      this.#handlers.receivedText();
    } else if (data.length > maxPacketBytes) {
      this.close(CloseCode.messageTooBig, '');
      this.#hasFailed = true;
      this.#handlers.refused?.(maxPacketBytes);
    } else {
      // Not as a Buffer, whose `slice` does not copy.
      this.#handlers.received(new Uint8Array(data.buffer, data.byteOffset, data.length));
    }
  }

  #failed(error: Error): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    this.#hasFailed = true;
    this.#endSoon();
    const { maxPayloadBytes } = this.#options;
    const isTooBig = (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    if (isTooBig && maxPayloadBytes !== undefined) this.#handlers.refused?.(maxPayloadBytes);
  }

  #endSoon(): void {
    if (this.#socket.readyState === CLOSED) return;
    this.#state = 'closing';
    this.#stopTimer ??= this.#options.clock.setTimer(CLOSE_TIMEOUT_MS, () => {
      this.#socket.terminate();
    });
  }

  #closed(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#stopTimer?.();
    const wasClean = !this.#hasFailed && code !== CloseCode.abnormal;
    this.#handlers.closed(
      this.#hasFailed ? { code: CloseCode.abnormal, reason: '', wasClean } : { code, reason, wasClean },
    );
  }
}

/** Codes that may stand in a close frame (RFC 6455 section 7.4); `ws` throws for others. */
function isAllowed(code: number): boolean {
  return (code >= 1000 && code <= 1014 && !NEVER_SENT.includes(code)) || (code >= 3000 && code <= 4999);
}
