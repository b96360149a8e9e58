// The server of the comparison, to be forked: ours, plain WebSockets and Socket.IO, in one process and on one port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ChunkServer } from 'chunksocket/server';
import { Server as SocketIoServer } from 'socket.io';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { ServerReport } from '../../support/server-process.ts';
import { PatternCheck } from '../../shared/pattern.ts';
import { BULK_CHANNEL } from '../shared/command.ts';
import { SOCKET_IO_PATH } from '../shared/contender.ts';
import type { Peer } from './peer.ts';
import { serve } from './serve.ts';

/** Room for the largest message, for everybody. */
const MAX_BYTES = 256 << 20;

// Ctrl-C goes to all processes; the bench stops this one.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
process.on('uncaughtException', fail);

const http = createServer();
const wss = new WebSocketServer({ noServer: true, maxPayload: MAX_BYTES });
const chunk = new ChunkServer({ maxMessageBytes: MAX_BYTES, maxBufferedBytes: MAX_BYTES, binaryType: 'uint8array' });
chunk.attach(wss, { onPlain: servePlain });
chunk.on('error', ({ error }) => {
  fail(error);
});
chunk.on('session', (session) => {
  const peer: Peer = {
    send(data) {
      session.send(data);
    },
    sendStream(chunks) {
      session.send(chunks);
    },
    takeBulk(taken) {
      session.on('incoming', async (incoming) => {
        if (incoming.channel !== BULK_CHANNEL) return;
        const check = new PatternCheck();
        for await (const chunk of incoming.readable()) check.add(chunk as Uint8Array);
        taken(check.bytes);
      });
    },
    onMessage: () => undefined,
  };
  serve(peer);
  session.on('message', ({ data }) => {
    peer.onMessage(data);
  });
});
http.on('upgrade', (request, socket, head) => {
  if (request.url?.startsWith(SOCKET_IO_PATH) === true) return;
  wss.handleUpgrade(request, socket, head, (webSocket) => {
    wss.emit('connection', webSocket, request);
  });
});
const io = new SocketIoServer(http, {
  path: SOCKET_IO_PATH,
  maxHttpBufferSize: MAX_BYTES,
  pingTimeout: 120_000,
  destroyUpgrade: false,
  cors: { origin: '*' },
});
io.on('connection', (socket) => {
  const peer: Peer = {
    send(data) {
      socket.emit('message', data);
    },
    onMessage: () => undefined,
  };
  serve(peer);
  socket.on('message', (data: string | Buffer) => {
    peer.onMessage(data);
  });
});
http.listen(0, '127.0.0.1', () => {
  tell({ kind: 'listening', port: (http.address() as AddressInfo).port });
});

function servePlain(socket: WebSocket): void {
  const peer: Peer = {
    send(data) {
      socket.send(data);
    },
    onMessage: () => undefined,
  };
  serve(peer);
  // An application takes text as text.
  socket.on('message', (data: Buffer, isBinary) => {
    peer.onMessage(isBinary ? data : data.toString());
  });
}

function tell(report: ServerReport): void {
  process.send?.(report);
}

function fail(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.send?.({ kind: 'failed', message } satisfies ServerReport, undefined, undefined, () => process.exit(1));
}
