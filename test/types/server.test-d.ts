// Checked by the compiler alone: what must be accepted, and what must not.
import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WebSocket, WebSocketServer } from 'ws';
import { ChunkServer, ChunkWebSocketServer, SessionWebSocket } from '../../src/server.ts';
import type { ChunkServerEvents, ServerSession, SessionStatus, Transfer } from '../../src/server.ts';

/** `true` only where each is the other, and neither is `any`. */
type Same<A, B> = 0 extends (1 & A) | (1 & B) ? false : [A, B] extends [B, A] ? true : false;

export const checks: [
  Same<SessionStatus, 'open' | 'waiting' | 'closing' | 'closed'>,
  Same<ChunkServerEvents['session'], ServerSession>,
  Same<ReturnType<ChunkServer['broadcast']>, Transfer[]>,
] = [true, true, true];

export function constructs(): ChunkServer[] {
  return [
    new ChunkServer(),
    new ChunkServer({ authorize: ({ auth, request, session }) => auth === session && (request.url ?? '') }),
    new ChunkServer({ authorize: async () => Promise.resolve(true) }),
    new ChunkServer({ protocols: ['a'] }),
    new ChunkServer({ protocols: (offered) => offered[0] }),
    // @ts-expect-error one of three words
    new ChunkServer({ binaryType: 'buffer' }),
    // @ts-expect-error an identity is a string, or yes or no
    new ChunkServer({ authorize: () => 1 }),
    // @ts-expect-error there is no such option
    new ChunkServer({ port: 80 }),
  ];
}

export function serves(server: ChunkServer, wss: WebSocketServer, socket: WebSocket): void {
  const stop = server.attach(wss, { onPlain: (plain: WebSocket, request) => [plain.readyState, request.url] });
  stop();
  server.on('session', (session) => {
    session.on('message', ({ data }) => session.send(data, { channel: 'echo' }));
    session.on('incoming', (incoming) => {
      const readable: Readable = incoming.readable();
      return pipeline(readable, new PassThrough());
    });
    session.send(createReadStream('file'), { channel: 'files' });
    session.on('close', ({ code, wasClean }) => [code, wasClean]);
    // @ts-expect-error the identity is for reading
    session.identity = 'somebody else';
  });
  server.on('error', ({ error }) => error);
  // @ts-expect-error there is no such event
  server.on('connection', () => socket);
  // @ts-expect-error a request belongs to it
  server.accept(socket);
}

export function servesLibraries(wss: WebSocketServer): ChunkWebSocketServer<WebSocket> {
  const server = new ChunkWebSocketServer(wss);
  server.on('connection', (socket, request) => {
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
    socket.once('close', (code, reason) => [code, reason.toString(), request.url]);
    if (!(socket instanceof SessionWebSocket)) return;
    const session: ServerSession<'uint8array'> = socket.session;
    session.send('for a client of this protocol', { channel: 'news' });
  });
  for (const client of server.clients) client.ping();
  return server;
}

/** What a library takes for a socket of `ws`, a session's can be given for. */
export function standsIn(socket: SessionWebSocket): WebSocket {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- that is the point
  return socket;
}
