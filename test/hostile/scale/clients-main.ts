// Many clients of the scale test, in a process that is not the server's.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ChunkSocket } from '../../../src/index.ts';
import type { WebSocketConstructor } from '../../../src/index.ts';
import type { ClientsCommand, ClientsReply } from './commands.ts';
import { transferMessage } from './transfer-message.ts';

/** So many connections are opened at a time. */
const AT_ONCE = 100;

const NodeWebSocket: WebSocketConstructor = WebSocket;
const clients = new Map<number, ChunkSocket>();
const bare: WebSocket[] = [];

async function openOne(url: string, isBare: boolean, client: number): Promise<void> {
  const own = `${url}/?client=${client}`;
  if (isBare) {
    const socket = new WebSocket(own);
    bare.push(socket);
    await once(socket, 'open');
    return;
  }
  const socket = new ChunkSocket(own, { WebSocket: NodeWebSocket, rememberLimits: 'none' });
  clients.set(client, socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => {
      resolve();
    });
    socket.once('close', ({ code, reason }) => {
      reject(new Error(`Client ${client} was closed: ${code} ${reason}`));
    });
  });
}

async function open({ url, first, step, count, isBare }: ClientsCommand & { kind: 'open' }): Promise<ClientsReply> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => first + (from + index) * step);
    await Promise.all(some.map((client) => openOne(url, isBare, client)));
  }
  return { open: isBare ? bare.length : clients.size };
}

async function transfer(below: number, bytes: number): Promise<ClientsReply> {
  const transfers = [...clients]
    .filter(([client]) => client < below)
    .map(([client, socket]) => socket.send(transferMessage(client, bytes)).delivered);
  const outcomes = await Promise.allSettled(transfers);
  const delivered = outcomes.filter(({ status }) => status === 'fulfilled').length;
  return { delivered, failed: outcomes.length - delivered };
}

async function echo(): Promise<ClientsReply> {
  const echoes = [...clients].map(async ([client, socket]) => {
    const back = new Promise((resolve) => {
      socket.on('message', ({ data }) => {
        if (data === `client ${client}`) resolve(data);
      });
    });
    socket.send(`client ${client}`);
    await back;
  });
  await Promise.all(echoes);
  const undisturbed = [...clients.values()].filter((socket) => socket.stats().connections === 1).length;
  return { echoed: echoes.length, undisturbed };
}

async function perform(command: ClientsCommand): Promise<ClientsReply> {
  switch (command.kind) {
    case 'open':
      return open(command);
    case 'transfer':
      return transfer(command.clients, command.bytes);
    case 'echo':
      return echo();
  }
}

process.on('message', (command: ClientsCommand) => {
  void perform(command).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => {
  process.exit();
});
process.send?.({});
