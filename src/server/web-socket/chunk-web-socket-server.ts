import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { DEFAULT_WHOLE_BYTES } from '../../runtime/port-owner.ts';
import { PLAIN_SUBPROTOCOL, SUBPROTOCOL } from '../../protocol/version.ts';
import type { AcceptedSession } from '../accepted-session.ts';
import { arrivals } from '../arrivals.ts';
import { ChunkServer } from '../chunk-server.ts';
import type { ChunkServerOptions } from '../options.ts';
import type { WsSocket } from '../ws-transport.ts';
import { appOptions } from './app-options.ts';
import { SessionWebSocket, wrapSession } from './session-web-socket.ts';
import { runUncaught } from './uncaught.ts';

/** The part of the options of a `WebSocketServer` that is used. */
export interface WsServerOptions {
  /** Chooses among the application's subprotocols; false for none. @defaultValue the first that is offered */
  handleProtocols?: (protocols: Set<string>, request: IncomingMessage) => string | false;
  maxPayload?: number;
}

/** The part of the `WebSocketServer` of `ws` 8 that is used. */
export interface WsWebSocketServer<Socket extends WsSocket = WsSocket> {
  readonly options: object;
  readonly clients?: Iterable<Socket> | undefined;
  address(): AddressInfo | string | null;
  close(callback?: (error?: Error) => void): void;
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (socket: Socket, request: IncomingMessage) => void,
  ): void;
  shouldHandle(request: IncomingMessage): boolean | Promise<boolean>;
  on(event: 'connection', listener: (socket: Socket, request: IncomingMessage) => void): unknown;
  on(event: 'headers', listener: (headers: string[], request: IncomingMessage) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'listening', listener: () => void): unknown;
  on(event: 'wsClientError', listener: (error: Error, socket: Duplex, request: IncomingMessage) => void): unknown;
}

/** Options of a {@link ChunkWebSocketServer}: those of `ChunkServer`, and how its sockets behave. */
export interface ChunkWebSocketServerOptions extends Omit<ChunkServerOptions, 'binaryType' | 'protocols'> {
  /** Largest message to take, in bytes. @defaultValue the `maxPayload` of the `ws` server, 104857600 by default */
  readonly maxMessageBytes?: number | undefined;
  /** Memory of one session for outgoing messages, in bytes; what does not fit ends it. @defaultValue 104857600 */
  readonly maxBufferedBytes?: number | undefined;
  /**
   * Answers pings of the library for a client that is expected back: then `resumeMs` alone decides how long a cut may
   * be, and not the library's keep-alive as well. @defaultValue false
   */
  readonly pongWhileWaiting?: boolean | undefined;
}

/** What a {@link ChunkWebSocketServer} emits: what the `WebSocketServer` of `ws` does. */
export interface ChunkWebSocketServerEvents<Socket> {
  /**
   * A new session, or a plain WebSocket; not a session that is resumed. Of a session it is a {@link SessionWebSocket},
   * which has the type of the plain ones, too; `instanceof` tells.
   */
  connection: [socket: Socket, request: IncomingMessage];
  headers: [headers: string[], request: IncomingMessage];
  listening: [];
  error: [error: Error];
  wsClientError: [error: Error, socket: Duplex, request: IncomingMessage];
  close: [];
}

type Connected<Socket> = (socket: Socket, request: IncomingMessage) => void;

const DEFAULT_BUFFERED_BYTES = 100 << 20;

/**
 * A `WebSocketServer` of `ws` 8 that also takes clients of this protocol, for libraries that ask for the former: each
 * `connection` is a {@link SessionWebSocket}, or the plain socket of a client that did not offer `chunksocket.v1`.
 *
 * ```ts
 * const server = new ChunkWebSocketServer(new WebSocketServer({ port: 8080 }));
 * server.on('connection', (socket) => {
 *   socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
 * });
 * ```
 *
 * `options.handleProtocols` chooses among the application's subprotocols for both kinds, and may be set later; without
 * one it is the first that is offered. `clients` has both kinds, sessions that wait for their client included.
 */
export class ChunkWebSocketServer<Socket extends WsSocket = WsSocket> extends EventEmitter<
  ChunkWebSocketServerEvents<Socket>
> {
  /** The sessions, for what `ws` has no word for: `broadcast`, `stats`, an orderly `close`. */
  readonly chunk: ChunkServer;
  /** Those of the `ws` server, with the application's `handleProtocols`. */
  readonly options: WsServerOptions;
  /** The sockets that are not closed; undefined where the `ws` server does not track them. */
  readonly clients: Set<Socket>;
  readonly #server: WsWebSocketServer<Socket>;
  readonly #shouldHandle: (request: IncomingMessage) => boolean | Promise<boolean>;
  readonly #isPatient: boolean;
  readonly #sessions = new Map<SessionWebSocket, AcceptedSession>();
  /** Who is to be told of the session that comes of an upgrade. */
  readonly #callbacks = new WeakMap<IncomingMessage, Connected<Socket>>();
  #state: 'running' | 'closing' | 'closed' = 'running';
  #isServerClosed = false;

  /**
   * @param server - belongs to this one from now on: listen here, not there
   * @param callback - a listener for `listening`
   * @throws OptionError for an option out of its range
   */
  constructor(
    server: WsWebSocketServer<Socket>,
    { pongWhileWaiting = false, ...options }: ChunkWebSocketServerOptions = {},
    callback?: () => void,
  ) {
    super();
    this.#server = server;
    this.#shouldHandle = server.shouldHandle.bind(server);
    this.#isPatient = pongWhileWaiting;
    // Without tracking there is none, as with `ws`.
    this.clients = (server.clients === undefined ? undefined : new Set()) as typeof this.clients;
    const own: WsServerOptions = server.options;
    this.options = appOptions(own, own.handleProtocols);
    own.handleProtocols = this.#negotiate.bind(this);
    const maxMessageBytes = options.maxMessageBytes ?? (own.maxPayload || DEFAULT_WHOLE_BYTES);
    this.chunk = new ChunkServer({
      maxBufferedBytes: DEFAULT_BUFFERED_BYTES,
      maxStreamBytes: maxMessageBytes,
      ...options,
      maxMessageBytes,
      protocols: (offered, request) => this.#choose(new Set(offered), request) || undefined,
    });
    this.#listen(callback);
  }

  /** Path of the requests that it takes; `''` for all. */
  get path(): string {
    return (this.options as { path?: string | null }).path ?? '';
  }

  /** The bound address, as `server.address()` of Node. @throws Error in `noServer` mode */
  address(): AddressInfo | string | null {
    return this.#server.address();
  }

  /**
   * Takes no more connections. `close` is emitted when all sockets are closed; that is the application's work. Sessions
   * that wait for their client are ended, since it cannot come back.
   *
   * @param callback - a listener for `close`; gets an error when the server was closed before
   */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === 'closed') {
      if (callback !== undefined)
        this.once('close', () => {
          callback(new Error('The server is not running'));
        });
      process.nextTick(() => this.emit('close'));
      return;
    }
    if (callback !== undefined) this.once('close', callback);
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    for (const socket of this.#sessions.keys()) this.#endWaiting(socket);
    this.#server.close(() => {
      this.#isServerClosed = true;
      this.#finish();
    });
  }

  /**
   * Takes an upgrade, in `noServer` mode.
   *
   * @param callback - gets the socket and its request: a plain one at once, one of this protocol when its client has said
   *   who it is; not for a session that is resumed
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, callback: Connected<Socket>): void {
    this.#server.handleUpgrade(request, socket, head, (client) => {
      this.#connected(client, request, callback);
    });
  }

  /** Whether the request is for this server; to be overridden. */
  shouldHandle(request: IncomingMessage): boolean | Promise<boolean> {
    return this.#shouldHandle(request);
  }

  #listen(callback: (() => void) | undefined): void {
    const server = this.#server;
    if (callback !== undefined) this.once('listening', callback);
    server.shouldHandle = (request) => this.shouldHandle(request);
    server.on('connection', (socket, request) => {
      this.#connected(socket, request, (client) => this.emit('connection', client, request));
    });
    server.on('headers', (headers, request) => this.emit('headers', headers, request));
    server.on('listening', () => this.emit('listening'));
    server.on('error', (error) => this.emit('error', error));
    // With a listener `ws` leaves the answer to it.
    let hasListener = false;
    (this as EventEmitter).on('newListener', (name) => {
      if (name !== 'wsClientError' || hasListener) return;
      hasListener = true;
      server.on('wsClientError', (error, socket, request) => {
        if (!this.emit('wsClientError', error, socket, request)) socket.destroy();
      });
    });
    this.chunk.on('session', (announced) => {
      const arrival = arrivals.get(announced);
      if (arrival === undefined) return;
      const { session, request } = arrival;
      if (this.#state !== 'running') {
        session.leave();
        return;
      }
      const socket = wrapSession(session, request, this.#isPatient);
      this.#sessions.set(socket, session);
      this.#track(socket);
      session.onLost = () => {
        this.#endWaiting(socket);
      };
      const connected = this.#callbacks.get(request);
      this.#callbacks.delete(request);
      runUncaught(() => {
        // It has all that a socket of `ws` has (`test/types`).
        connected?.(socket as unknown as Socket, request);
      });
    });
  }

  /** Agrees on this protocol where it is offered. */
  #negotiate(offered: Set<string>, request: IncomingMessage): string | false {
    if (offered.has(SUBPROTOCOL)) return SUBPROTOCOL;
    const names = new Set(offered);
    names.delete(PLAIN_SUBPROTOCOL);
    return this.#choose(names, request);
  }

  #choose(names: Set<string>, request: IncomingMessage): string | false {
    if (names.size === 0) return false;
    const { handleProtocols } = this.options;
    if (handleProtocols) return handleProtocols(names, request);
    const [first = false] = names;
    return first;
  }

  #connected(socket: Socket, request: IncomingMessage, callback: Connected<Socket>): void {
    this.#callbacks.set(request, callback);
    if (this.chunk.accept(socket, request, { maxPayload: this.options.maxPayload })) return;
    this.#callbacks.delete(request);
    this.#track(socket);
    callback(socket, request);
  }

  #track(socket: SessionWebSocket | Socket): void {
    (this.clients as Set<unknown> | undefined)?.add(socket);
    const closed = (): void => {
      (this.clients as Set<unknown> | undefined)?.delete(socket);
      this.#sessions.delete(socket as SessionWebSocket);
      this.#finish();
    };
    if (socket instanceof SessionWebSocket) socket.on('close', closed);
    else socket.on('close', closed);
  }

  /** A server that is closing lets nobody come back, to a session that is closing neither. */
  #endWaiting(socket: SessionWebSocket): void {
    if (this.#state !== 'running' && this.#sessions.get(socket)?.phase === 'waiting') socket.terminate();
  }

  #finish(): void {
    if (this.#state !== 'closing' || !this.#isServerClosed || this.#sessions.size > 0) return;
    this.#state = 'closed';
    process.nextTick(() => this.emit('close'));
  }
}
