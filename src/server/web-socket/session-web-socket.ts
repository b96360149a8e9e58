import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ClosedError } from '../../errors/session-errors.ts';
import { MessageTooBigError, RejectedError } from '../../errors/transfer-errors.ts';
import { CloseCode } from '../../protocol/close-codes.ts';
import type { AcceptedSession } from '../accepted-session.ts';
import type { ServerSession, SessionCloseEvent } from '../server-session.ts';
import { readCloseArguments } from './close-arguments.ts';
import { EventListeners } from './event-listeners.ts';
import type {
  WsCloseEvent,
  WsErrorEvent,
  WsEvent,
  WsEventListener,
  WsEventMap,
  WsListenerOptions,
  WsMessageEvent,
} from './event-listeners.ts';
import { MessageGate } from './message-gate.ts';
import { joinParts, lengthOf, toMessage, toPlainData } from './outgoing-data.ts';
import type { PlainData, WsSendData } from './outgoing-data.ts';
import { PingBook, toPingData } from './ping-book.ts';
import { isBinaryType, toRawData } from './raw-data.ts';
import type { RawData, WsBinaryType } from './raw-data.ts';
import { SendCallbacks } from './send-callbacks.ts';
import type { WsCallback } from './send-callbacks.ts';
import { SocketView } from './socket-view.ts';
import { runUncaught } from './uncaught.ts';

/** What a {@link SessionWebSocket} emits; `open` never: it is open from the start. `ping` neither. */
export interface SessionWebSocketEvents {
  open: [];
  message: [data: RawData, isBinary: boolean];
  ping: [data: Buffer];
  pong: [data: Buffer];
  error: [error: Error];
  close: [code: number, reason: Buffer];
}

/** How a message is sent; `mask` and `compress` have no effect. */
export interface WsSendOptions {
  /** Binary, or text. @defaultValue whether `data` is no string and no number */
  readonly binary?: boolean | undefined;
  /** Whether it is the last part of a message; the parts before are kept until then. @defaultValue true */
  readonly fin?: boolean | undefined;
  readonly mask?: boolean | undefined;
  readonly compress?: boolean | undefined;
}

const STATES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'] as const;

let wrap: (session: AcceptedSession, request: IncomingMessage, isPatient: boolean) => SessionWebSocket;

/**
 * @param request - the upgrade request of the first connection
 * @param isPatient - pings are answered for a client that is expected back
 */
export function wrapSession(session: AcceptedSession, request: IncomingMessage, isPatient: boolean): SessionWebSocket {
  return wrap(session, request, isPatient);
}

/**
 * A session with the interface of the `WebSocket` of `ws` 8, for libraries whose servers are written for that.
 *
 * As with `ws`, messages that nobody listens for are lost, and what a listener throws is an uncaught exception. What is
 * different:
 *
 * - It outlives its connections. While the session waits for its client it is OPEN, and what is sent is kept.
 * - The callback of `send` is called when the client has the message, or sooner: when no more than 1 MiB is under way.
 * - `pong` follows `ping` when the client has shown life since: at once in effect, or else when it is back. A library that
 *   terminates what does not answer within 12 s (graphql-ws) so bridges cuts of up to that.
 * - A message must not go missing among others: one that cannot be sent, since the session's memory is full
 *   (`maxBufferedBytes`) or the Blob cannot be read, brings `error` and an end with 1006; one that the client finds too
 *   big an end with 1009. One that the client rejects is told to its callback only.
 * - Messages of all channels are emitted, in the order in which they are whole; what is sent goes to the default channel.
 * - 4900 to 4999 are refused by `close()`. `close` tells the code of the session's end; 1006
 *   after `terminate()`, and for a client that did not come back.
 * - `error` is emitted only where somebody listens: a client must not be able to end the process.
 */
export class SessionWebSocket extends EventEmitter<SessionWebSocketEvents> {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  /** What libraries look for of the TCP socket; there is none that is the session's. */
  readonly _socket: SocketView;
  readonly #session: AcceptedSession;
  readonly #gate: MessageGate;
  readonly #pings: PingBook;
  readonly #listeners: EventListeners;
  readonly #callbacks: SendCallbacks;
  #binaryType: WsBinaryType | 'blob' = 'nodebuffer';
  /** Parts of a message that is not complete. */
  #parts: { readonly isBinary: boolean; readonly data: PlainData[]; bytes: number } | undefined;
  /** What was given to a socket that takes nothing any more, in bytes: `ws` counts it. */
  #lateBytes = 0;
  #isEnding = false;
  #isTerminated = false;
  #end: SessionCloseEvent | undefined;

  static {
    wrap = (session, request, isPatient) => new SessionWebSocket(session, request, isPatient);
  }

  private constructor(session: AcceptedSession, request: IncomingMessage, isPatient: boolean) {
    super();
    this.#session = session;
    this._socket = new SocketView(request);
    this.#listeners = new EventListeners(this);
    this.#callbacks = new SendCallbacks(session);
    this.#pings = new PingBook(session, isPatient, (data) => {
      if (this.#end === undefined) this.#emit('pong', data);
    });
    this.#gate = new MessageGate(session, (data) => {
      this.#emit('message', toRawData(data, this.#binaryType), typeof data !== 'string');
    });
    session.on('error', ({ error }) => {
      this.#report(error);
    });
    session.on('close', (event) => {
      this.#gate.end(() => {
        this.#closed(event);
      });
    });
  }

  /** The session under it. */
  get session(): ServerSession<'uint8array'> {
    // The server that made it wants this form.
    return this.#session as ServerSession;
  }

  /** Form of binary messages, from the next one on: also `'blob'`, as with `ws`; other names are ignored. @defaultValue `'nodebuffer'` */
  get binaryType(): WsBinaryType {
    return this.#binaryType as WsBinaryType;
  }

  set binaryType(type: WsBinaryType | 'blob') {
    if (isBinaryType(type)) this.#binaryType = type;
  }

  /** Bytes that the client has not acknowledged. */
  get bufferedAmount(): number {
    return this.#session.bufferedAmount + (this.#parts?.bytes ?? 0) + this.#lateBytes;
  }

  /** None: `''`. */
  get extensions(): string {
    return '';
  }

  /** Whether `pause` was called, and not `resume` since. */
  get isPaused(): boolean {
    return this.#gate.isPaused;
  }

  /** The application subprotocol; `''` for none. */
  get protocol(): string {
    return this.#session.protocol;
  }

  /** 1 open, 2 closing, 3 closed; never 0. */
  get readyState(): 0 | 1 | 2 | 3 {
    if (this.#end !== undefined) return this.CLOSED;
    const { status } = this.#session;
    return this.#isEnding || status === 'closing' || status === 'closed' ? this.CLOSING : this.OPEN;
  }

  /** A socket of a server has none: `''`. */
  get url(): string {
    return '';
  }

  /** Both sides said they were done; false until then. */
  get wasClean(): boolean {
    return this.#end?.wasClean === true && !this.#isTerminated;
  }

  get onopen(): ((event: WsEvent) => void) | null {
    return this.#listeners.attribute('open') as ((event: WsEvent) => void) | null;
  }

  set onopen(handler: ((event: WsEvent) => void) | null) {
    this.#listeners.setAttribute('open', handler);
  }

  get onmessage(): ((event: WsMessageEvent) => void) | null {
    return this.#listeners.attribute('message') as ((event: WsMessageEvent) => void) | null;
  }

  set onmessage(handler: ((event: WsMessageEvent) => void) | null) {
    this.#listeners.setAttribute('message', handler);
  }

  get onclose(): ((event: WsCloseEvent) => void) | null {
    return this.#listeners.attribute('close') as ((event: WsCloseEvent) => void) | null;
  }

  set onclose(handler: ((event: WsCloseEvent) => void) | null) {
    this.#listeners.setAttribute('close', handler);
  }

  get onerror(): ((event: WsErrorEvent) => void) | null {
    return this.#listeners.attribute('error') as ((event: WsErrorEvent) => void) | null;
  }

  set onerror(handler: ((event: WsErrorEvent) => void) | null) {
    this.#listeners.setAttribute('error', handler);
  }

  /** As with `ws`: the listener gets an event object. */
  addEventListener<Name extends keyof WsEventMap>(
    name: Name,
    listener: WsEventListener<WsEventMap[Name]>,
    options: WsListenerOptions = {},
  ): void {
    this.#listeners.add(name, listener, options.once === true);
  }

  /** Ends what `addEventListener` began. */
  removeEventListener<Name extends keyof WsEventMap>(name: Name, listener: WsEventListener<WsEventMap[Name]>): void {
    this.#listeners.remove(name, listener);
  }

  /**
   * Sends a message, or a part of one. `callback` is called when the client has it or no more than 1 MiB is under way (a
   * Blob: when the client has it), or with the error why not; for a part that is not the last, soon. A socket that is closing or closed tells the callback, and nobody else.
   *
   * @throws TypeError for data of which `Buffer.from` makes nothing
   */
  send(data: WsSendData, callback?: WsCallback): void;
  send(data: WsSendData, options: WsSendOptions | undefined, callback?: WsCallback): void;
  send(data: WsSendData, options?: WsSendOptions | WsCallback, callback?: WsCallback): void {
    const done = typeof options === 'function' ? options : callback;
    const plain = toPlainData(data);
    if (this.readyState !== this.OPEN) {
      this.#refuse(lengthOf(plain), done);
      return;
    }
    const given = typeof options === 'object' ? options : {};
    const { binary, fin } = { binary: !isText(data), fin: true, ...given };
    if (!fin) {
      this.#parts ??= { isBinary: binary === true, data: [], bytes: 0 };
      this.#parts.data.push(Buffer.isBuffer(plain) ? Buffer.from(plain) : plain);
      this.#parts.bytes += lengthOf(plain);
      if (done !== undefined) process.nextTick(done);
      return;
    }
    const { isBinary, data: parts } = this.#parts ?? { isBinary: binary === true, data: [] };
    this.#parts = undefined;
    this.#send(toMessage(joinParts([...parts, plain]), isBinary), done);
  }

  /**
   * Asks for a `pong` with the same data. `mask` has no effect; `callback` is called soon.
   *
   * @throws RangeError for more than 125 bytes
   */
  ping(data?: unknown, mask?: unknown, callback?: (error: Error) => void): void {
    const bytes = this.#takePing(data, mask, callback);
    if (bytes !== undefined) this.#pings.add(bytes);
  }

  /**
   * Does nothing but call `callback`: the protocol answers by itself.
   *
   * @throws RangeError for more than 125 bytes
   */
  pong(data?: unknown, mask?: unknown, callback?: (error: Error) => void): void {
    this.#takePing(data, mask, callback);
  }

  /** Takes no message until {@link resume}: the session's credit holds up the client. */
  pause(): void {
    if (this.readyState !== this.CLOSED) this.#gate.pause();
  }

  /** Hands messages out again, after `pause`. */
  resume(): void {
    if (this.readyState !== this.CLOSED) this.#gate.resume();
  }

  /**
   * Finishes what was sent, and lets the client finish; after 30 s the session is ended as it is. Does nothing once it is
   * closing.
   *
   * @param code - as for `ws`, without 4900 to 4999; default 1000
   * @param reason - at most 123 bytes of UTF-8
   * @throws TypeError, RangeError for an argument out of its range
   */
  close(code?: number, reason?: string | Buffer): void {
    if (this.readyState !== this.OPEN) return;
    const close = readCloseArguments(code, reason);
    this.#isEnding = true;
    void this.#session.closeWith(close.code, close.reason);
  }

  /** Ends the session at once: what is not delivered fails, here and at the client. */
  terminate(): void {
    if (this.readyState === this.CLOSED) return;
    this.#isEnding = true;
    this.#isTerminated = true;
    this.#session.terminate();
    this.#gate.drop();
  }

  #emit<Name extends keyof SessionWebSocketEvents>(name: Name, ...values: SessionWebSocketEvents[Name]): void {
    runUncaught(() => {
      (this.emit as (name: string, ...values: unknown[]) => boolean).call(this, name, ...values);
    });
  }

  #report(error: Error): void {
    if (this.listenerCount('error') > 0) this.#emit('error', error);
  }

  #closed(event: SessionCloseEvent): void {
    this.#end = event;
    this._socket.finish();
    // The client may have been the one that gave it up.
    const isDropped = this.#isTerminated || event.code === CloseCode.abandoned;
    if (isDropped) this.#emit('close', CloseCode.abnormal, Buffer.alloc(0));
    else this.#emit('close', event.code, Buffer.from(event.reason));
  }

  #send(message: ReturnType<typeof toMessage>, done: WsCallback | undefined): void {
    const transfer = this.#session.send(message);
    // It was refused: nothing that is sent now may overtake the end.
    if (transfer.state === 'failed') this.#isEnding = true;
    const isRead = typeof message === 'string' || Buffer.isBuffer(message);
    this.#callbacks.add(transfer, done, !isRead, (error) => {
      this.#failed(error);
    });
  }

  #failed(error: Error): void {
    if (error instanceof ClosedError || error instanceof RejectedError || this.#end !== undefined) return;
    this.#isEnding = true;
    if (error instanceof MessageTooBigError) {
      void this.#session.closeWith(CloseCode.messageTooBig, '');
    } else {
      this.#report(error);
      this.terminate();
    }
  }

  #refuse(bytes: number, done: WsCallback | undefined): void {
    this.#lateBytes += bytes;
    if (done === undefined) return;
    const { readyState } = this;
    process.nextTick(done, new Error(`WebSocket is not open: readyState ${readyState} (${STATES[readyState]})`));
  }

  /** Arguments of a ping; undefined where there is nothing to be done any more. */
  #takePing(data: unknown, mask: unknown, callback: unknown): Buffer | undefined {
    const done = [data, mask, callback].find((value) => typeof value === 'function') as WsCallback | undefined;
    const payload = typeof data === 'function' ? undefined : data;
    if (this.readyState !== this.OPEN) {
      this.#refuse(lengthOf(toPlainData(payload)), done);
      return undefined;
    }
    const bytes = toPingData(payload);
    if (done !== undefined) process.nextTick(done);
    return bytes;
  }
}

function isText(data: WsSendData): boolean {
  return typeof data === 'string' || typeof data === 'number';
}
