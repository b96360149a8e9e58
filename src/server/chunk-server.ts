import type { IncomingMessage } from 'node:http';
import { linkDefaults, MIN_PACKET_BYTES } from '../protocol/limits.ts';
import { SUBPROTOCOL } from '../protocol/version.ts';
import type { Clock } from '../runtime/clock.ts';
import type { BinaryType } from '../runtime/events.ts';
import { toSources } from '../runtime/payload.ts';
import type { SendData } from '../runtime/payload.ts';
import { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { Unsubscribe } from '../runtime/safe-emitter.ts';
import type { SendOptions } from '../runtime/send-options.ts';
import type { Transfer } from '../runtime/transfer.ts';
import { nodeClock } from './node-clock.ts';
import { nodeModule } from './node-module.ts';
import { checkNumber, resolveOptions } from './options.ts';
import type { ChunkServerOptions } from './options.ts';
import { Reception } from './reception.ts';
import type { RefuseEvent } from './reception.ts';
import type { ServerSession } from './server-session.ts';
import { handleProtocols } from './subprotocol.ts';
import type { WsSocket } from './ws-transport.ts';

/** The part of a `WebSocketServer` of `ws` that is used. */
export interface WsServer<Socket extends WsSocket = WsSocket> {
  readonly options: { maxPayload?: number | undefined; handleProtocols?: unknown };
  on(event: 'connection', listener: (socket: Socket, request: IncomingMessage) => void): unknown;
  off(event: 'connection', listener: (socket: Socket, request: IncomingMessage) => void): unknown;
}

/** How a connection is taken. */
export interface AcceptOptions {
  /**
   * `maxPayload` of the `ws` server that the connection came from, in bytes; 0 for none. Clients are told of it, and so
   * need not find out the hard way. @defaultValue unknown
   */
  readonly maxPayload?: number | undefined;
}

/** How a `ws` server is served. */
export interface AttachOptions<Socket extends WsSocket = WsSocket> {
  /**
   * Gets the connections that did not agree on this protocol, as plain WebSockets.
   * @defaultValue they are closed with 1002
   */
  readonly onPlain?: ((socket: Socket, request: IncomingMessage) => void) | undefined;
}

/** How a message is sent to many. */
export interface BroadcastOptions<Type extends BinaryType = BinaryType> extends SendOptions {
  /** Whom to send it to. @defaultValue everybody */
  readonly filter?: ((session: ServerSession<Type>) => boolean) | undefined;
}

/** How a server is closed. */
export interface ServerCloseOptions {
  /** How long sessions have to come to an end, in ms. @defaultValue 30000 */
  readonly deadlineMs?: number | undefined;
}

/** What a {@link ChunkServer} emits. */
export interface ChunkServerEvents<Type extends BinaryType = BinaryType> {
  /** A new session, before its first message: the place to add listeners to it. */
  session: ServerSession<Type>;
  /** A connection was closed before it had a session. */
  refuse: RefuseEvent;
  /** A listener of the server or of a session threw. Without a listener for it, it becomes a process warning. */
  error: { readonly error: unknown };
}

/** A snapshot of a server. */
export interface ServerStats {
  /** Sessions that live. */
  readonly sessions: number;
  /** Those among them without a connection. */
  readonly waitingSessions: number;
  /** What those hold of outgoing messages, in bytes. */
  readonly waitingBytes: number;
  /** What all sessions hold of incoming messages that nobody has taken, in bytes. */
  readonly incomingBytes: number;
  /** Connections that have not said who they are. */
  readonly arrivingConnections: number;
  /** Sessions that are over, and that are still answered for. */
  readonly tombstones: number;
}

/**
 * The other side of `ChunkSocket`, for the connections of `ws` 8.
 *
 * ```ts
 * const server = new ChunkServer();
 * server.attach(new WebSocketServer({ port: 8080 }));
 * server.on('session', (session) => {
 *   session.on('message', ({ data }) => {
 *     session.send(data);
 *   });
 * });
 * ```
 */
export class ChunkServer<Type extends BinaryType = 'uint8array'> {
  /**
   * For `new WebSocketServer({ handleProtocols })`: chooses this protocol where it is offered, else the first
   * application protocol, else none. {@link ChunkServer.attach} puts it in place where there is none.
   */
  readonly handleProtocols: (offered: Iterable<string>) => string | false = handleProtocols;
  readonly #reception: Reception;
  readonly #emitter: SafeEmitter<ChunkServerEvents<Type>>;
  /** Listeners for errors: what they throw has nobody left to go to. */
  readonly #errors: SafeEmitter<ChunkServerEvents<Type>> = new SafeEmitter(warn);
  readonly #deadlineClock: Clock;
  #closing: { readonly promise: Promise<void>; readonly resolve: () => void; stopTimer: () => void } | undefined;

  /** @throws OptionError for an option out of its range */
  constructor(options: ChunkServerOptions<Type> = {}) {
    const report = (error: unknown): void => {
      this.#report(error);
    };
    this.#emitter = new SafeEmitter(report);
    // Whoever waits for `close` keeps the process alive; a session that waits for a resume does not.
    this.#deadlineClock = options.clock ?? nodeClock(true);
    this.#reception = new Reception(resolveOptions(options), {
      session: (session) => {
        this.#emitter.emit('session', inForm(session));
      },
      refuse: (event) => {
        this.#emitter.emit('refuse', event);
      },
      left: () => {
        if (this.#reception.store.count === 0) this.#finish();
      },
      report,
    });
  }

  /** The sessions that live, those without a connection included; a list of its own. */
  get sessions(): readonly ServerSession<Type>[] {
    return this.#reception.store.all().map((session) => inForm<Type>(session));
  }

  /** Calls `listener` for each such event; what it throws breaks nothing. Returns a function that ends it. */
  on<Name extends keyof ChunkServerEvents<Type>>(
    name: Name,
    listener: (event: ChunkServerEvents<Type>[Name]) => unknown,
  ): Unsubscribe {
    return this.#emitterOf(name).on(name, listener);
  }

  /** As {@link on}, for the next event only. */
  once<Name extends keyof ChunkServerEvents<Type>>(
    name: Name,
    listener: (event: ChunkServerEvents<Type>[Name]) => unknown,
  ): Unsubscribe {
    return this.#emitterOf(name).once(name, listener);
  }

  /** Counters, as they are now. */
  stats(): ServerStats {
    const { store, tombstones, arrivingCount, incomingBytes } = this.#reception;
    return {
      sessions: store.count,
      waitingSessions: store.waitingCount,
      waitingBytes: store.waitingBytes,
      incomingBytes,
      arrivingConnections: arrivingCount,
      tombstones: tombstones.count,
    };
  }

  /**
   * Takes a connection that agreed on `chunksocket.v1`. To be called in the same turn as the `connection` event, or
   * messages are missed; the socket belongs to the server from then on.
   *
   * @returns false for a socket that speaks something else, or is not open: it is left as it is
   * @throws OptionError for a `maxPayload` below 512
   */
  accept(socket: WsSocket, request: IncomingMessage, { maxPayload }: AcceptOptions = {}): boolean {
    const maxPayloadBytes = maxPayload === 0 ? undefined : checkPayload(maxPayload);
    if (socket.protocol !== SUBPROTOCOL || socket.readyState !== 1) return false;
    this.#reception.accept(socket, request, maxPayloadBytes);
    return true;
  }

  /**
   * Takes all connections of a `ws` server, and tells clients its `maxPayload`. A server without `handleProtocols` gets
   * ours; one that has its own must choose `chunksocket.v1` where it is offered.
   *
   * @returns a function that stops it; connections that were taken stay
   * @throws OptionError for a `maxPayload` below 512
   */
  attach<Socket extends WsSocket>(server: WsServer<Socket>, { onPlain }: AttachOptions<Socket> = {}): Unsubscribe {
    const { options } = server;
    checkPayload(options.maxPayload || undefined);
    options.handleProtocols ??= handleProtocols;
    const connected = (socket: Socket, request: IncomingMessage): void => {
      if (this.accept(socket, request, { maxPayload: options.maxPayload })) return;
      if (onPlain === undefined) socket.close(1002, `this server speaks the subprotocol ${SUBPROTOCOL} only`);
      else onPlain(socket, request);
    };
    server.on('connection', connected);
    return () => {
      server.off('connection', connected);
    };
  }

  /**
   * Sends one message to every session that is not closing, those without a connection included. They share one copy of
   * the data, and each gets it at its own pace: it counts against the `maxBufferedBytes` of each, and fails with
   * `BufferFullError` for one whose queue is full.
   *
   * @returns the transfers, in the order of the sessions
   * @throws as {@link ServerSession.send}, and TypeError for a stream, which can be read once only
   */
  broadcast(data: SendData, { filter, ...options }: BroadcastOptions<Type> = {}): Transfer[] {
    const makeSource = toSources(data, options.transfer);
    return this.#reception.store
      .all()
      .filter(({ status }) => status === 'open' || status === 'waiting')
      .filter((session) => filter?.(inForm<Type>(session)) !== false)
      .map((session) => session.sendFrom(makeSource, options));
  }

  /**
   * Refuses new sessions with 1012, asks the clients of the others to finish and come back elsewhere, and still lets
   * them resume. What is not over at the deadline is ended as it is. The `ws` server is not closed. A second call can
   * bring the deadline forward.
   *
   * @returns fulfilled when no session is left
   * @throws OptionError for a deadline out of its range
   */
  close({ deadlineMs = linkDefaults.drainMs }: ServerCloseOptions = {}): Promise<void> {
    checkNumber('deadlineMs', deadlineMs, 0, Number.MAX_SAFE_INTEGER);
    const reception = this.#reception;
    reception.isLeaving = true;
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#closing?.stopTimer();
    const stopTimer = this.#deadlineClock.setTimer(deadlineMs, () => {
      for (const session of reception.store.all()) session.leave();
    });
    this.#closing = this.#closing ?? { promise, resolve, stopTimer };
    this.#closing.stopTimer = stopTimer;
    const sessions = reception.store.all();
    for (const session of sessions) session.goAway(deadlineMs);
    if (sessions.length === 0) this.#finish();
    return this.#closing.promise;
  }

  #finish(): void {
    if (this.#closing === undefined) return;
    this.#closing.stopTimer();
    this.#reception.refuseArriving();
    this.#closing.resolve();
  }

  #emitterOf(name: keyof ChunkServerEvents<Type>): SafeEmitter<ChunkServerEvents<Type>> {
    return name === 'error' ? this.#errors : this.#emitter;
  }

  #report(error: unknown): void {
    if (this.#errors.has('error')) this.#errors.emit('error', { error });
    else warn(error);
  }
}

/** What binary messages look like is the options' word, and the types cannot see it. */
function inForm<Type extends BinaryType>(session: ServerSession): ServerSession<Type> {
  return session;
}

function warn(error: unknown): void {
  const process = nodeModule('node:process');
  if (process === undefined) console.error(error);
  else process.emitWarning(error instanceof Error ? error : String(error));
}

function checkPayload(maxPayload: number | undefined): number | undefined {
  return maxPayload === undefined
    ? undefined
    : checkNumber('maxPayload', maxPayload, MIN_PACKET_BYTES, Number.MAX_SAFE_INTEGER);
}
