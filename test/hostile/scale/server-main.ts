// The server of the scale test, in a process of its own: what it holds is measured alone.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { ChunkServer } from '../../../src/server/chunk-server.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import type { ServerCommand, ServerReply } from './commands.ts';
import { digest, transferMessage } from './transfer-message.ts';

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4096 });
// All clients are here at once, from one address: that is what the test is about.
const server = new ChunkServer({ maxNewSessionsPerSecond: Infinity, maxNewSessionsPerSecondPerAddress: Infinity });
const sockets = new Map<number, WebSocket>();
const seen = new Map<number, number>();
/** Of all packets of all clients. */
let arrivedBytes = 0;
let onArrival: (() => void) | undefined;
let damaged = 0;
let resumed = 0;

// Bare sockets are only held.
server.attach(wss, { onPlain: () => undefined });
wss.on('connection', (socket, { url }) => {
  sockets.set(clientOf(url), socket);
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    arrivedBytes += data.length;
    onArrival?.();
  });
});
server.on('session', (session) => {
  const client = clientOf(session.request.url);
  session.on('resume', () => {
    resumed++;
  });
  session.on('message', ({ data }) => {
    if (typeof data === 'string') {
      session.send(data);
      return;
    }
    if (digest(data) === digest(transferMessage(client, data.length))) seen.set(client, (seen.get(client) ?? 0) + 1);
    else damaged++;
  });
});

function clientOf(url = ''): number {
  return Number(new URL(url, 'ws://server').searchParams.get('client'));
}

function measure(): ServerReply {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const connections = wss.clients.size;
  return { heldBytes: heapUsed + external, residentBytes: rss, sessions: server.stats().sessions, connections };
}

/** Cuts them all in one turn, as soon as so much of what they send is there. */
async function cut(clients: number, afterBytes: number): Promise<ServerReply> {
  const startBytes = arrivedBytes;
  await new Promise<void>((resolve) => {
    onArrival = () => {
      if (arrivedBytes - startBytes < afterBytes) return;
      onArrival = undefined;
      for (let client = 0; client < clients; client++) sockets.get(client)?.terminate();
      resolve();
    };
  });
  return { cut: clients, receivedBytes: arrivedBytes - startBytes };
}

function count(): ServerReply {
  const repeated = [...seen.values()].filter((times) => times > 1).length;
  return { messages: { intact: seen.size, repeated, damaged, resumed } };
}

async function perform(command: ServerCommand): Promise<ServerReply> {
  switch (command.kind) {
    case 'measure':
      return measure();
    case 'cut':
      return cut(command.clients, command.afterBytes);
    case 'count':
      return count();
  }
}

process.on('message', (command: ServerCommand) => {
  void perform(command).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => {
  process.exit();
});
await once(wss, 'listening');
process.send?.({ port: (wss.address() as AddressInfo).port } satisfies ServerReply);
