import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { TransportHandlers } from '../../src/runtime/transport.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { WsTransport } from '../../src/server/ws-transport.ts';
import { describeTransport } from './transport-contract.ts';
import type { ContractPeer } from './transport-contract.ts';
import { wsPeerOf } from './ws-peer.ts';

let wss: WebSocketServer;
let url = '';

beforeAll(async () => {
  wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;
});

afterAll(async () => {
  for (const socket of wss.clients) socket.terminate();
  await new Promise((resolve) => {
    wss.close(resolve);
  });
});

const transportOf = (socket: WebSocket, handlers: TransportHandlers): WsTransport =>
  new WsTransport(socket, handlers, { clock: nodeClock(false), maxPacketBytes: Infinity });

describeTransport('ws, the side that takes connections', async (handlers) => {
  const client = new WebSocket(url);
  const peer = wsPeerOf(client);
  // Made in the same turn as the event, as a server does.
  const transport = await new Promise<WsTransport>((resolve) => {
    wss.once('connection', (socket) => {
      resolve(transportOf(socket, handlers));
    });
  });
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  return { transport, peer };
});

describeTransport('ws, the side that opens them', async (handlers) => {
  const transport = transportOf(new WebSocket(url), handlers);
  const peer = await new Promise<ContractPeer>((resolve) => {
    wss.once('connection', (socket) => {
      resolve(wsPeerOf(socket));
    });
  });
  return { transport, peer };
});
