import { once } from 'node:events';
import { WebSocketServer } from 'ws';
import { ChunkServer } from '../../../src/server.ts';
import { serve } from './delivery.ts';
import type { Delivery } from './delivery.ts';

/** What the server in a process of its own tells, one line of JSON each. */
export type Told =
  | { readonly what: 'listening' }
  /** It has begun to take a message, and takes no more of it. */
  | { readonly what: 'held' }
  | { readonly what: 'delivery'; readonly delivery: Delivery };

const [port = '0', heldChannel] = process.argv.slice(2);

const tell = (told: Told): void => {
  process.stdout.write(`${JSON.stringify(told)}\n`);
};

const server = new ChunkServer();
serve(server, (delivery) => {
  tell({ what: 'delivery', delivery });
});
server.on('session', (session) => {
  session.on('incoming', async (incoming) => {
    if (heldChannel === undefined || incoming.channel !== heldChannel) return;
    await incoming.stream().getReader().read();
    tell({ what: 'held' });
  });
});
const wss = new WebSocketServer({ host: '127.0.0.1', port: Number(port) });
server.attach(wss);
await once(wss, 'listening');
tell({ what: 'listening' });
