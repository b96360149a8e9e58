import type { IncomingMessage } from 'node:http';
import { platformClock } from '../client/platform-clock.ts';
import { OptionError } from '../errors/session-errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { BinaryType } from '../runtime/events.ts';
import { ChunkServer } from '../server/chunk-server.ts';
import type { WsServer } from '../server/chunk-server.ts';
import type { ChunkServerOptions } from '../server/options.ts';
import type { ServerSession } from '../server/server-session.ts';
import { MemoryConnection } from './memory-connection.ts';
import type { OpeningEnd, TestConnection } from './memory-connection.ts';
import { MemoryWebSocket } from './memory-web-socket.ts';
import { MemoryServerSocket } from './memory-server-socket.ts';
import type { TestServerSocket } from './test-server-socket.ts';
import { makeUpgradeRequest } from './upgrade-request.ts';

/** The class whose sockets lead to one {@link TestServer}, whatever their URL. */
export interface TestWebSocketConstructor {
  /** @throws DOMException SyntaxError for a URL or subprotocols that the standard does not allow */
  new (url: string | URL, protocols?: string | string[]): WebSocket;
  readonly prototype: WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
}

/** Options of a {@link TestServer}; every one has a default. */
export interface TestServerOptions<Type extends BinaryType = BinaryType> {
  /** A server of yours, as your application sets it up, or the options of a new one. @defaultValue a new one */
  readonly server?: ChunkServer<Type> | ChunkServerOptions<Type> | undefined;
  /**
   * Gets the connections that did not agree on the protocol, those of `mode: 'plain'` among them, as plain WebSockets.
   * @defaultValue they are closed with 1002
   */
  readonly onPlain?: ((socket: TestServerSocket, request: IncomingMessage) => void) | undefined;
  /**
   * The server does not speak the protocol: as a plain `ws` server it chooses the first subprotocol that is offered,
   * and `onPlain` gets every connection. @defaultValue false
   */
  readonly isPlain?: boolean | undefined;
  /** Headers of each upgrade request beside its own: cookies for `authorize`, say. @defaultValue `{}` */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What `latencyMs` is measured by. @defaultValue the platform's, fake timers included */
  readonly clock?: Clock | undefined;
}

/**
 * A server without a network, and the WebSocket class that leads to it. It is a real `ChunkServer` that takes the
 * connections, with a network of one process between, whose faults are switched here.
 *
 * ```ts
 * const server = new TestServer();
 * const socket = new ChunkSocket('wss://api.example.com/live', { WebSocket: server.WebSocket });
 * const session = await server.nextSession();
 * server.cut();
 * ```
 *
 * Works in Node and in pages. Without latency it needs no timer, so that nothing waits for fake ones; what the SDK itself
 * does after a time (a reconnect, a heartbeat) takes the time that it takes, or fake timers that are moved on. They must
 * not stand in for `queueMicrotask`, as those of Jest do unless told otherwise (`doNotFake`). Sessions keep no process
 * alive.
 */
export class TestServer<Type extends BinaryType = 'uint8array'> {
  /** For the option `WebSocket` of `ChunkSocket`, or in the place of the global one. */
  readonly WebSocket: TestWebSocketConstructor;
  /** The server behind it: sessions, `broadcast`, and all else. */
  readonly server: ChunkServer<Type>;
  /** What `latencyMs` is measured by. */
  readonly clock: Clock;
  /** New connections are refused before they open, as with an HTTP error: a page sees 1006. */
  isRefusing = false;
  readonly #connections = new Set<MemoryConnection>();
  readonly #sessions: ServerSession<Type>[] = [];
  readonly #waiting: ((session: ServerSession<Type>) => void)[] = [];
  #latencyMs = 0;
  #limitBytes = Infinity;
  #isSilent = false;
  #isOffline = false;

  readonly #stopListening: () => void;

  /** @throws OptionError for an option of the server that is out of its range */
  constructor({ server = {}, onPlain, isPlain = false, headers = {}, clock }: TestServerOptions<Type> = {}) {
    this.clock = clock ?? platformClock;
    this.server = server instanceof ChunkServer ? server : new ChunkServer(server);
    this.#stopListening = this.server.on('session', (session) => {
      const take = this.#waiting.shift();
      if (take === undefined) this.#sessions.push(session);
      else take(session);
    });
    const takers = new Set<(socket: TestServerSocket, request: IncomingMessage) => void>();
    const door: WsServer<TestServerSocket> = {
      options: {},
      on: (_, taker) => takers.add(taker),
      off: (_, taker) => takers.delete(taker),
    };
    if (isPlain) takers.add(onPlain ?? (() => undefined));
    else this.server.attach(door, { onPlain });
    const choose = (offered: readonly string[]): string =>
      (isPlain ? offered[0] : this.server.handleProtocols(offered) || undefined) ?? '';

    const connect = (socket: OpeningEnd, url: string, protocols: readonly string[]): MemoryConnection => {
      const connection = new MemoryConnection(this, url, socket, () => {
        this.#connections.delete(connection);
      });
      this.#connections.add(connection);
      if (this.#isOffline) {
        connection.cut();
        return connection;
      }
      connection.request(() => {
        const protocol = choose(protocols);
        // A client fails a handshake in which none of its subprotocols was chosen (WHATWG WebSockets, "establish").
        if (this.isRefusing || (protocol === '' && protocols.length > 0)) {
          connection.refuse();
          return;
        }
        const end = new MemoryServerSocket(connection, protocol);
        connection.accept(end, protocol);
        for (const taker of takers) taker(end, makeUpgradeRequest(url, protocols, headers));
      });
      return connection;
    };
    class LinkedWebSocket extends MemoryWebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(connect, url, protocols);
      }
    }
    Object.defineProperty(LinkedWebSocket, 'name', { value: 'WebSocket' });
    this.WebSocket = LinkedWebSocket;
  }

  /** Connections that are open. */
  get connections(): readonly TestConnection[] {
    return [...this.#connections].filter(({ isOpen }) => isOpen);
  }

  /** How long everything takes in each direction, in ms; opening a connection takes it twice. Default 0: no time at all. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** @throws OptionError below 0 */
  set latencyMs(value: number) {
    if (!(value >= 0)) throw new OptionError('latencyMs', value, 'at least 0');
    this.#latencyMs = value;
  }

  /**
   * Largest message that gets through, in bytes, in either direction: a larger one closes its connection with 1009,
   * which its sender sees; the other side sees 1006. Nobody is told of it beforehand; that would be `maxPacketBytes` of
   * the server. Default `Infinity`.
   */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** @throws OptionError below 0 */
  set limitBytes(value: number) {
    if (!(value >= 0)) throw new OptionError('limitBytes', value, 'at least 0');
    this.#limitBytes = value;
  }

  /**
   * Nothing gets through, in neither direction, and nobody is told: a half-open connection. New ones do not open. What
   * is held so arrives when it is switched off, on connections that have not ended meanwhile. Default false.
   */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  set isSilent(value: boolean) {
    this.#isSilent = value;
    for (const connection of this.#connections) connection.move();
  }

  /**
   * Without a network: connections are cut, and new ones fail at once. Where there is a page or a worker, it is told by the
   * events `offline` and `online`; `navigator.onLine` stays as it is. Default false.
   */
  get isOffline(): boolean {
    return this.#isOffline;
  }

  set isOffline(value: boolean) {
    if (value === this.#isOffline) return;
    this.#isOffline = value;
    if (value) this.cut();
    const scope = globalThis as Partial<EventTarget>;
    scope.dispatchEvent?.(new Event(value ? 'offline' : 'online'));
  }

  /** The next session: one that was made and not asked for, or else one to come. Its messages wait for a listener. */
  nextSession(): Promise<ServerSession<Type>> {
    const session = this.#sessions.shift();
    return session ? Promise.resolve(session) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends all connections without a close frame: both sides see 1006, and what is under way is lost. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /**
   * Ends all connections as a gateway does: clients see this code, the server 1006.
   *
   * @param code - any, also one that only a gateway sends, such as 1012 or 1014
   * @param reason - at most 123 bytes of UTF-8. Default `''`
   */
  disconnect(code: number, reason = ''): void {
    for (const connection of this.connections) connection.disconnect(code, reason);
  }

  /** Ends everything at once: sessions are terminated, which their clients are told, and later ones are refused. */
  async close(): Promise<void> {
    for (const session of this.server.sessions) session.terminate();
    await this.server.close({ deadlineMs: 0 });
    this.isRefusing = true;
    this.#stopListening();
  }
}
