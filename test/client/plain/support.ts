import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import type { ServerOptions, WebSocket } from 'ws';
import { ChunkSocket } from '../../../src/index.ts';
import type { ChunkSocketOptions } from '../../../src/index.ts';
import { Inbox } from '../../support/inbox.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedServer } from '../scripted-server.ts';
import type { ScriptedSocket } from '../scripted-server.ts';
import type { Scripted } from '../support.ts';

/** A server of `ws` that knows nothing of the protocol, and what came to it, of all connections in one. */
export interface PlainServer {
  readonly url: string;
  readonly wss: WebSocketServer;
  readonly connections: Inbox<WebSocket>;
  readonly requests: IncomingMessage[];
  readonly messages: Inbox<string | Uint8Array>;
}

/** Starts it on a free port of 127.0.0.1; it is stopped when the test is over. */
export async function startPlain(options: Omit<ServerOptions, 'host' | 'port'> = {}): Promise<PlainServer> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  const connections = new Inbox<WebSocket>();
  const requests: IncomingMessage[] = [];
  const messages = new Inbox<string | Uint8Array>();
  wss.on('connection', (socket, request) => {
    // A message over `maxPayload`.
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => {
      messages.push(isBinary ? new Uint8Array(data as Buffer) : (data as Buffer).toString());
    });
    requests.push(request);
    connections.push(socket);
  });
  await once(wss, 'listening');
  onTestFinished(() => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  });
  const { port } = wss.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, wss, connections, requests, messages };
}

let hosts = 0;

/** As `openScripted`, in the plain mode unless told otherwise, to a URL of which nothing is believed. */
export function openPlain(
  options: ChunkSocketOptions = {},
  {
    url = `ws://plain-${++hosts}.test/live`,
    clock = new ManualClock(),
  }: { readonly url?: string; readonly clock?: ManualClock } = {},
): Scripted & { readonly url: string } {
  const server = new ScriptedServer();
  const socket = new ChunkSocket(url, {
    WebSocket: server.WebSocket,
    clock,
    random: () => 0.5,
    rememberLimits: 'none',
    mode: 'plain',
    ...options,
  });
  onTestFinished(async () => {
    const closed = socket.close(1000, '', { drainMs: 0 });
    clock.advance(60_000);
    await closed;
  });
  return { socket, server, clock, url };
}

/** What {@link openUp} gives. */
export type OpenUp = ReturnType<typeof openPlain> & { readonly connection: ScriptedSocket };

/** A connection that is up, of a socket in the plain mode. */
export async function openUp(options: ChunkSocketOptions = {}): Promise<OpenUp> {
  const scripted = openPlain(options);
  const connection = await scripted.server.next();
  connection.open('');
  return { ...scripted, connection };
}

/** Waits out the delay after a loss: the next connection, up. */
export async function comeBack({ clock, server }: Scripted): Promise<ScriptedSocket> {
  // The delay is the only timer, but for those of messages, which are no longer than this.
  const [delayMs = 0] = clock.delaysMs;
  clock.advance(delayMs);
  const connection = await server.next();
  connection.open('');
  return connection;
}
