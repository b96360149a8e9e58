import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';
import type { ChunkSocketOptions } from '../../../src/index.ts';
import { ChunkWebSocketServer } from '../../../src/server/web-socket/chunk-web-socket-server.ts';
import type { ChunkWebSocketServerOptions } from '../../../src/server/web-socket/chunk-web-socket-server.ts';
import { SessionWebSocket } from '../../../src/server/web-socket/session-web-socket.ts';
import { openSocket } from '../../client/support.ts';
import { Inbox } from '../../support/inbox.ts';
import { SkipClock } from '../../support/skip-clock.ts';

/** What both kinds of socket are for the tests. */
export type AnySocket = WebSocket;

export interface Connection {
  readonly socket: AnySocket;
  readonly request: IncomingMessage;
}

export interface StartedWebSocketServer {
  readonly server: ChunkWebSocketServer<WebSocket>;
  readonly wss: WebSocketServer;
  readonly clock: SkipClock;
  readonly url: string;
  readonly connections: Inbox<Connection>;
}

/** A server on a free port of 127.0.0.1; it is stopped, with all its sockets, when the test is over. */
export async function startWebSocketServer(
  options: ChunkWebSocketServerOptions = {},
  wsOptions: Omit<ServerOptions, 'host' | 'port'> = {},
): Promise<StartedWebSocketServer> {
  const clock = new SkipClock();
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...wsOptions });
  const server = new ChunkWebSocketServer(wss, { clock, ...options });
  const connections = new Inbox<Connection>();
  server.on('connection', (socket, request) => {
    connections.push({ socket, request });
  });
  onTestFinished(() => stop(server, wss));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, wss, clock, url: `ws://127.0.0.1:${port}`, connections };
}

export async function stop(server: ChunkWebSocketServer<WebSocket>, wss: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  for (const socket of wss.clients) socket.terminate();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client, of either kind, by what the tests want of it. */
export interface Client {
  readonly messages: Inbox<string | Buffer>;
  readonly closed: Promise<Closed>;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** A client of a plain WebSocket, or of this protocol. */
export const kinds = ['ws', 'chunk'] as const;
export type Kind = (typeof kinds)[number];

/** How our sockets differ: a session always ends with a code. */
export const noCode: Record<Kind, number> = { ws: 1005, chunk: 1000 };

export function openClient(kind: Kind, url: string, protocols: readonly string[] = []): Client {
  return kind === 'ws' ? openPlain(url, protocols) : openChunk(url, { protocols });
}

function openPlain(url: string, protocols: readonly string[]): Client {
  const messages = new Inbox<string | Buffer>();
  const socket = new WebSocket(url, [...protocols]);
  onTestFinished(() => {
    socket.terminate();
  });
  socket.on('error', () => undefined);
  socket.on('message', (data, isBinary) => {
    messages.push(isBinary ? (data as Buffer) : (data as Buffer).toString());
  });
  const opened = new Promise((resolve) => socket.on('open', resolve));
  return {
    messages,
    closed: new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
      });
    }),
    send: (data) =>
      void opened.then(() => {
        socket.send(data);
      }),
    close: (code, reason) =>
      void opened.then(() => {
        socket.close(code, reason);
      }),
  };
}

export interface ChunkClient extends Client {
  sendOn(channel: string, data: string): void;
}

export function openChunk(url: string, options: ChunkSocketOptions = {}): ChunkClient {
  const messages = new Inbox<string | Buffer>();
  const socket = openSocket(url, options);
  const opened = new Promise((resolve) => socket.on('open', resolve));
  socket.on('message', ({ data }) => {
    messages.push(typeof data === 'string' ? data : Buffer.from(data));
  });
  return {
    messages,
    closed: new Promise((resolve) => {
      socket.on('close', ({ code, reason }) => {
        resolve({ code, reason });
      });
    }),
    send: (data) => void socket.send(data),
    sendOn: (channel, data) => void socket.send(data, { channel }),
    close: (code, reason) => {
      void opened.then(() => socket.close(code, reason));
    },
  };
}

/** A server and one client of it. */
export async function connect(
  kind: Kind,
  options: ChunkWebSocketServerOptions = {},
): Promise<StartedWebSocketServer & Connection & { readonly client: Client }> {
  const started = await startWebSocketServer(options);
  const client = openClient(kind, started.url);
  return { ...started, ...(await started.connections.next()), client };
}

/** The socket as ours. */
export function asOurs(socket: AnySocket): SessionWebSocket {
  if (socket instanceof SessionWebSocket) return socket;
  throw new TypeError('It is a plain one.');
}

export function closeOf(socket: AnySocket): Promise<Closed> {
  return new Promise((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
}

/** What `send` or `ping` tells its callback. */
export function outcome(call: (callback: (error?: Error | null) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    call((error) => {
      resolve(error?.message ?? 'done');
    });
  });
}
