import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { MessageEvent } from '../../src/runtime/events.ts';
import { ChunkServer } from '../../src/server/chunk-server.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import type { ServerSession } from '../../src/server/server-session.ts';
import type { CutKind, Direction } from '../support/fault-proxy/direction.ts';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import type { FaultSet } from '../support/fault-proxy/rules.ts';
import { Inbox } from '../support/inbox.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

/** What a rig is started with; all of it JSON, since it comes from a page. */
export interface RigOptions {
  readonly server?: Omit<ChunkServerOptions, 'authorize' | 'clock' | 'protocols'> & {
    readonly protocols?: readonly string[];
  };
  /** `maxPayload` of the `ws` server. */
  readonly maxPayload?: number;
  /** Clients are not told of it, as behind a gateway. */
  readonly isSilent?: boolean;
  /** The server has never heard of the protocol, and chooses the first name that is offered, as `ws` does. */
  readonly isForeign?: boolean;
  /** The server sends back what it gets. */
  readonly isEcho?: boolean;
  /** The server sends so many bytes, once, to each session. */
  readonly greetingBytes?: number;
  /** The only `auth` that is let in, as a string. */
  readonly auth?: string;
  readonly faults?: Partial<FaultSet>;
  /** How the first connections are cut, one after the other; not at all where it is null. */
  readonly cuts?: readonly (Cut | null)[];
}

/** How one connection is cut, or stands still, when so many bytes were handed on. */
export interface Cut {
  readonly direction: Direction;
  readonly afterBytes: number;
  readonly how: CutKind | 'stall';
}

/** A message that the server got. */
export interface ReceivedMessage {
  readonly isText: boolean;
  readonly byteLength: number;
  readonly sha256: string;
  /** Of messages up to 4096 bytes. */
  readonly text: string;
  readonly channel: string;
  readonly meta: unknown;
  readonly possibleDuplicateOf: MessageEvent['possibleDuplicateOf'];
}

/** How a session ended at the server. */
export interface ServerSideClose {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

const BUNDLE = new URL('../../dist/chunksocket.iife.min.js', import.meta.url);

/** A server with a proxy full of faults before it, in Node, for one test in a page. */
export class Rig {
  readonly proxy: FaultProxy;
  readonly messages = new Inbox<ReceivedMessage>();
  readonly closes = new Inbox<ServerSideClose>();
  readonly #options: RigOptions;
  #http: Server;
  #wss: WebSocketServer;
  #server: ChunkServer;
  #sessionCount = 0;

  private constructor(options: RigOptions, started: Started, proxy: FaultProxy) {
    this.#options = options;
    this.#http = started.http;
    this.#wss = started.wss;
    this.#server = started.server;
    this.proxy = proxy;
    this.#listen();
  }

  static async start(options: RigOptions): Promise<Rig> {
    const started = await startServer(options);
    const proxy = await FaultProxy.start({
      targetPort: portOf(started.http),
      lingerMs: 1000,
      onConnection: (connection, index) => {
        const cut = options.cuts?.[index];
        if (cut === undefined || cut === null) return;
        const { direction, afterBytes, how } = cut;
        connection.afterBytes(direction, afterBytes, () => {
          if (how === 'stall') connection.stall(direction);
          else connection.cutAfterBytes(direction, 0, how);
        });
      },
    });
    Object.assign(proxy.faults, options.faults);
    return new Rig(options, started, proxy);
  }

  get sessionCount(): number {
    return this.#sessionCount;
  }

  get sessions(): readonly ServerSession[] {
    return this.#server.sessions;
  }

  /** The server loses all that it knew, as one that crashed, and is back at once. */
  async restart(): Promise<void> {
    const old = this.#take();
    const started = await startServer(this.#options);
    this.#http = started.http;
    this.#wss = started.wss;
    this.#server = started.server;
    this.#listen();
    this.proxy.targetPort = portOf(started.http);
    await stopServer(old);
  }

  /** An orderly leave: sessions are asked to go to another server, which is there already. */
  async replace(deadlineMs: number): Promise<void> {
    const old = this.#take();
    const started = await startServer(this.#options);
    this.#http = started.http;
    this.#wss = started.wss;
    this.#server = started.server;
    this.#listen();
    this.proxy.targetPort = portOf(started.http);
    await old.server.close({ deadlineMs });
    await stopServer(old);
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await stopServer(this.#take());
  }

  #take(): Started {
    return { http: this.#http, wss: this.#wss, server: this.#server };
  }

  #listen(): void {
    const { isEcho = false, greetingBytes } = this.#options;
    this.#server.on('session', (session) => {
      this.#sessionCount++;
      session.on('close', ({ code, reason, wasClean }) => {
        this.closes.push({ code, reason, wasClean });
      });
      session.on('message', (message) => {
        if (isEcho) session.send(message.data, { channel: message.channel, meta: message.meta });
        this.messages.push(describeMessage(message));
      });
      if (greetingBytes !== undefined) session.send(patternBytes(greetingBytes));
    });
  }
}

interface Started {
  readonly http: Server;
  readonly wss: WebSocketServer;
  readonly server: ChunkServer;
}

async function startServer(rigOptions: RigOptions): Promise<Started> {
  const { server: options, auth, maxPayload, isSilent = false, isForeign = false } = rigOptions;
  const http = createServer((request, response) => {
    if (request.url !== '/chunksocket.iife.min.js') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(BUNDLE));
  });
  const server = new ChunkServer({
    ...options,
    ...(auth === undefined ? {} : { authorize: (request) => request.auth === auth && auth }),
  });
  const wss = new WebSocketServer({
    server: http,
    ...(isForeign ? {} : { handleProtocols: server.handleProtocols }),
    ...(maxPayload === undefined ? {} : { maxPayload }),
  });
  if (isSilent) wss.on('connection', (socket, request) => server.accept(socket, request));
  else if (!isForeign) server.attach(wss);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { http, wss, server };
}

async function stopServer({ http, wss, server }: Started): Promise<void> {
  for (const socket of wss.clients) socket.terminate();
  for (const session of server.sessions) session.terminate();
  wss.close();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
}

function portOf(http: Server): number {
  return (http.address() as AddressInfo).port;
}

function describeMessage({ data, channel, meta, possibleDuplicateOf }: MessageEvent): ReceivedMessage {
  const isText = typeof data === 'string';
  const bytes = isText ? Buffer.from(data) : Buffer.from(data as Uint8Array);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const text = bytes.length <= 4096 ? bytes.toString() : '';
  return { isText, byteLength: bytes.length, sha256, text, channel, meta, possibleDuplicateOf };
}
