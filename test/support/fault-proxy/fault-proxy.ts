import { type AddressInfo, createServer, type Server, Socket } from 'node:net';

import type { CutKind, Direction } from './direction.ts';
import { FaultLog, type LogEntry, type LogKind } from './fault-log.ts';
import { type HttpHead, isWebSocketRequest, readHttpHead } from './http-head.ts';
import { ProxiedConnection } from './proxied-connection.ts';
import type { CloseManner, FaultSet, MessageLimit } from './rules.ts';
import { socketClosed } from './socket-ending.ts';
import type { UpgradeAnswer } from './upgrade-answer.ts';

const DEFAULT_LINGER_MS = 5_000;
const LOOPBACK = '127.0.0.1';

/** Options of {@link FaultProxy.start}. */
export interface FaultProxyOptions {
  /** Port of the server that connections are passed on to. */
  readonly targetPort: number;
  /** @defaultValue '127.0.0.1' */
  readonly targetHost?: string;
  /** Port to listen on. @defaultValue 0, any free one */
  readonly port?: number;
  /** How long an endpoint may take to end a connection that the proxy closed or cut. @defaultValue 5000 */
  readonly lingerMs?: number;
  /**
   * Whether endpoints may agree on permessage-deflate. Limits count bytes on the wire, so with compression they are not
   * the bytes of the message. @defaultValue false
   */
  readonly keepExtensions?: boolean;
  /**
   * Called for each WebSocket handshake, numbered from 0, before anything is passed on: the place for the faults of one
   * particular connection.
   */
  readonly onConnection?: (connection: ProxiedConnection, index: number) => void;
}

/**
 * A TCP proxy in front of a WebSocket server that misbehaves on request, like the servers, gateways and networks that
 * one meets. What is not a WebSocket handshake is passed on untouched.
 */
export class FaultProxy implements AsyncDisposable {
  /** Where connections are passed on to. Can be changed at any time, for the connections to come. */
  targetPort: number;
  /** What each new connection starts with. */
  readonly faults: FaultSet = { limits: [], closeRewrites: [], shape: undefined };
  /** All WebSocket connections there were, by number. */
  readonly connections: ProxiedConnection[] = [];
  readonly #options: FaultProxyOptions;
  readonly #log: FaultLog = new FaultLog();
  readonly #sockets = new Set<Socket>();
  readonly #answers: UpgradeAnswer[] = [];
  #everyAnswer: UpgradeAnswer = { pass: true };
  #server: Server | undefined;
  #port = 0;
  #isStopped = false;

  private constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.targetPort = options.targetPort;
  }

  /** Starts a proxy on 127.0.0.1. */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.#listen(options.port ?? 0);
    return proxy;
  }

  /** The port that clients connect to. */
  get port(): number {
    return this.#port;
  }

  /** The address that clients connect to. */
  get url(): string {
    return `ws://${LOOPBACK}:${this.#port}`;
  }

  /** What happened so far. */
  get log(): readonly LogEntry[] {
    return this.#log.entries;
  }

  /** Resolves with the `count`-th log entry of a kind, at once when it is there already. */
  waitFor(what: LogKind, count = 1): Promise<LogEntry> {
    return this.#log.waitFor(what, count);
  }

  /** Calls `listener` with every log entry to come. Returns a function that ends that. */
  onLog(listener: (entry: LogEntry) => void): () => void {
    return this.#log.subscribe(listener);
  }

  /** Queues an answer for a coming handshake, so many times. */
  nextUpgrade(answer: UpgradeAnswer, times = 1): void {
    for (let time = 0; time < times; time++) this.#answers.push(answer);
  }

  /** Answers all handshakes so, once the queue is empty; without an argument they are passed on again. */
  everyUpgrade(answer: UpgradeAnswer = { pass: true }): void {
    this.#everyAnswer = answer;
  }

  /** Limits messages of all connections, present and future, in the limit's direction. */
  setMessageLimit(limit: MessageLimit): void {
    this.clearMessageLimit(limit.direction);
    this.faults.limits.push(limit);
    for (const connection of this.connections) connection.limitMessages(limit);
  }

  /** Lifts the limit of a direction on all connections. */
  clearMessageLimit(direction: Direction): void {
    this.faults.limits = this.faults.limits.filter((limit) => limit.direction !== direction);
    for (const connection of this.connections) connection.unlimitMessages(direction);
  }

  /** Sends a Close frame to the client of every connection. */
  closeAll(code: number, reason = '', manner: CloseManner = {}): void {
    for (const connection of this.#living()) connection.closeWith(code, reason, manner);
  }

  /** Cuts every connection. */
  cutAll(how: CutKind): void {
    for (const connection of this.#living()) connection.cut(how);
  }

  /** Refuses TCP connections until `acceptConnections`; those that there are live on. */
  async refuseConnections(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    // Its callback would wait for the connections, but the port is closed with the next turn of the event loop.
    server.close();
    await new Promise((resolve) => setImmediate(resolve));
    this.#log.add(-1, 'refusing');
  }

  /** Accepts TCP connections again, on the same port. */
  async acceptConnections(): Promise<void> {
    if (this.#server !== undefined || this.#isStopped) return;
    await this.#listen(this.#port);
    this.#log.add(-1, 'accepting');
  }

  /** Ends everything that the proxy started, and resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const server = this.#server;
    this.#server = undefined;
    const listening = new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else
        server.close(() => {
          resolve();
        });
    });
    const sockets = [...this.#sockets];
    for (const connection of this.connections) connection.destroy();
    for (const socket of sockets) socket.destroy();
    await Promise.all([listening, ...sockets.map(socketClosed), ...this.connections.map(({ closed }) => closed)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #living(): ProxiedConnection[] {
    return this.connections.filter((connection) => !connection.isClosed);
  }

  async #listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      void this.#take(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #take(client: Socket): Promise<void> {
    this.#track(client);
    const request = await readHttpHead(client);
    if (request === undefined || client.destroyed || this.#isStopped) client.destroy();
    else if (isWebSocketRequest(request)) this.#begin(client, request);
    else this.#tunnel(client, request);
  }

  #begin(client: Socket, request: HttpHead): void {
    const index = this.connections.length;
    const connection = new ProxiedConnection({
      index,
      client,
      request,
      faults: this.faults,
      lingerMs: this.#options.lingerMs ?? DEFAULT_LINGER_MS,
      log: (what, detail) => {
        this.#log.add(index, what, detail);
      },
    });
    this.connections.push(connection);
    this.#log.add(index, 'connection', connection.path);
    this.#options.onConnection?.(connection, index);
    connection.begin(this.#answers.shift() ?? this.#everyAnswer, {
      host: this.#options.targetHost ?? LOOPBACK,
      port: this.targetPort,
      keepExtensions: this.#options.keepExtensions ?? false,
    });
  }

  #tunnel(client: Socket, request: HttpHead): void {
    const server = new Socket({ allowHalfOpen: true });
    this.#track(server);
    server.connect({ host: this.#options.targetHost ?? LOOPBACK, port: this.targetPort });
    server.write(request.bytes);
    client.pipe(server);
    server.pipe(client);
    client.once('close', () => server.destroy());
    server.once('close', () => client.destroy());
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
