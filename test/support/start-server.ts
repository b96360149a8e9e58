import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';
import { ChunkServer } from '../../src/server/chunk-server.ts';
import type { AttachOptions } from '../../src/server/chunk-server.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import type { RefuseEvent } from '../../src/server/reception.ts';
import type { ServerSession } from '../../src/server/server-session.ts';
import { Inbox } from './inbox.ts';
import { SkipClock } from './skip-clock.ts';

/** A server that listens, and what it told. */
export interface StartedServer {
  readonly server: ChunkServer;
  readonly wss: WebSocketServer;
  readonly clock: SkipClock;
  readonly url: string;
  readonly sessions: Inbox<ServerSession>;
  readonly refusals: Inbox<RefuseEvent>;
}

/** Starts a server on a free port of 127.0.0.1; it is stopped when the test is over. */
export async function startServer(
  options: ChunkServerOptions = {},
  wsOptions: Omit<ServerOptions, 'host' | 'port'> = {},
  attachOptions: AttachOptions = {},
): Promise<StartedServer> {
  const clock = new SkipClock();
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...wsOptions });
  const server = new ChunkServer({ clock, ...options });
  server.attach(wss, attachOptions);
  const sessions = new Inbox<ServerSession>();
  const refusals = new Inbox<RefuseEvent>();
  server.on('session', (session) => {
    sessions.push(session);
  });
  server.on('refuse', (event) => {
    refusals.push(event);
  });
  await once(wss, 'listening');
  onTestFinished(async () => {
    const closed = server.close({ deadlineMs: 0 });
    clock.skip(1);
    await closed;
    for (const socket of wss.clients) socket.terminate();
    await new Promise((resolve) => {
      wss.close(resolve);
    });
  });
  const { port } = wss.address() as AddressInfo;
  return { server, wss, clock, url: `ws://127.0.0.1:${port}`, sessions, refusals };
}
