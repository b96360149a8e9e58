import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { TransportClose } from '../../src/runtime/transport.ts';
import { WsTransport } from '../../src/server/ws-transport.ts';
import type { WsTransportOptions } from '../../src/server/ws-transport.ts';
import { SkipClock } from '../support/skip-clock.ts';

/** A transport, and the raw client at its other end. */
async function open(options: Partial<WsTransportOptions> = {}, maxPayload = 0) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload });
  await once(wss, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(wss.address() as AddressInfo).port}`);
  const told: (string | number | TransportClose)[] = [];
  const clock = new SkipClock();
  const transport = await new Promise<WsTransport>((resolve) => {
    wss.once('connection', (socket) => {
      const handlers = {
        opened: () => told.push('opened'),
        received: ({ length }: Uint8Array) => told.push(`received ${length}`),
        receivedText: () => told.push('text'),
        closed: (close: TransportClose) => told.push(close),
        refused: (maxPacketBytes: number) => told.push(`refused ${maxPacketBytes}`),
      };
      resolve(new WsTransport(socket, handlers, { clock, maxPacketBytes: Infinity, ...options }));
    });
  });
  await once(client, 'open');
  onTestFinished(() => {
    client.terminate();
    wss.close();
  });
  return { transport, client, told, clock };
}

const ours = { code: 1006, reason: '', wasClean: false };

test('a peer that does not answer our close is cut off', async () => {
  const { transport, client, told, clock } = await open();
  client.pause();
  transport.close(4908, 'stalled');
  clock.skip(4999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual(['opened']);
  clock.skip(1);
  await expect.poll(() => told).toEqual(['opened', ours]);
});

test('a message over maxPacketBytes is refused; one of just that size is not', async () => {
  const { client, told } = await open({ maxPacketBytes: 1000 });
  client.send(new Uint8Array(1000));
  client.send(new Uint8Array(1001));
  client.send(new Uint8Array(5));
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(1009);
  await expect.poll(() => told).toEqual(['opened', 'received 1000', 'refused 1000', ours]);
});

test('a message that ws refused is told where its limit is known', async () => {
  const { client, told } = await open({ maxPayloadBytes: 1000 }, 1000);
  client.send(new Uint8Array(1001));
  await once(client, 'close');
  await expect.poll(() => told).toEqual(['opened', 'refused 1000', ours]);
});

test('the echo of a close that ws made by itself is not the close of the peer', async () => {
  const { client, told } = await open({}, 1000);
  client.send(new Uint8Array(1001));
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(1009);
  await expect.poll(() => told).toEqual(['opened', ours]);
});

test('what ws refuses after our close is not told', async () => {
  const { transport, client, told } = await open({ maxPayloadBytes: 1000 }, 1000);
  transport.close(4000, '');
  client.send(new Uint8Array(2000));
  await once(client, 'close');
  await expect.poll(() => told).toHaveLength(2);
  expect(told).not.toContain('refused 1000');
});
