// For the hidden lines of examples in Node: the other side of what they show. Imported as `#example`.
import { once } from 'node:events';
import { ChunkServer } from 'chunksocket/server';
import type { ChunkServerOptions, MessageEvent, ServerSession } from 'chunksocket/server';
import { WebSocketServer } from 'ws';

/** A server that an example's client talks to. */
export interface Served {
  readonly server: ChunkServer;
  readonly sessions: readonly ServerSession<'uint8array'>[];
  /** What came whole. */
  readonly messages: readonly MessageEvent<Uint8Array<ArrayBuffer>>[];
  /** Ends all connections, as a network does. */
  cut(): void;
}

/** What it can be told. */
export interface ServeOptions extends ChunkServerOptions<'uint8array'> {
  /** Limit of the path, in bytes. */
  readonly maxPayload?: number;
  /** What it does with a session, in place of sending every message back. */
  readonly talk?: (session: ServerSession<'uint8array'>) => unknown;
}

/** Starts it, on the port that a URL without one leads to. */
export async function serve({ maxPayload = 64 * 1024, talk = echo, ...options }: ServeOptions = {}): Promise<Served> {
  const wss = new WebSocketServer({ port: 443, maxPayload });
  const server = new ChunkServer(options);
  server.attach(wss);
  const sessions: ServerSession<'uint8array'>[] = [];
  const messages: MessageEvent<Uint8Array<ArrayBuffer>>[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('message', (event) => messages.push(event));
    talk(session);
  });
  await once(wss, 'listening');
  return {
    server,
    sessions,
    messages,
    cut() {
      for (const socket of wss.clients) socket.terminate();
    },
  };
}

function echo(session: ServerSession<'uint8array'>): void {
  session.on('message', ({ data, channel }) => session.send(data, { channel }));
}

/** Resolves when `isSo` is true. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
