import { expect, test } from 'vitest';
import { openBrowserTransport } from '../../../src/client/browser-transport.ts';
import { FallbackProbe } from '../../../src/client/fallback-probe.ts';
import { believePlain } from '../../../src/client/plain-belief.ts';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import type { MessageTransport } from '../../../src/runtime/message-transport.ts';
import { ScriptedServer } from '../scripted-server.ts';

/** The least that a client has to do: it opens what it is asked for, and notes what it is told. */
function startClient(url: string, beforeAgain = (): void => undefined) {
  const server = new ScriptedServer();
  const told: unknown[] = [];
  let transport: MessageTransport | undefined;
  const open = (): void => {
    const { protocols, handlers } = probe.next(url);
    transport = openBrowserTransport(server.WebSocket, url, protocols, handlers);
  };
  const handlers = {
    opened: (opened: MessageTransport) => told.push(['opened', opened.protocol]),
    received: (bytes: Uint8Array) => told.push(['bytes', ...bytes]),
    receivedText: (text: string) => told.push(['text', text]),
    closed: ({ code }: { code: number }) => told.push(['closed', code]),
  };
  const probe = new FallbackProbe(
    {
      ...handlers,
      again: () => {
        beforeAgain();
        open();
      },
      plain: (connection) => {
        told.push('plain');
        connection.handOver(handlers);
      },
    },
    [],
    () => 0,
  );
  open();
  return { server, told, probe, open, getTransport: () => transport };
}

test('a connection that chose the protocol is the user’s, and so is every later one', async () => {
  const { server, told, open } = startClient('ws://probe-1.test/');
  const first = await server.next();
  first.open();
  first.deliver(Uint8Array.of(1));
  first.end(1001);
  open();
  const next = await server.next();
  next.end(1006);
  expect(told).toEqual([
    ['opened', SUBPROTOCOL],
    ['bytes', 1],
    ['closed', 1001],
    ['closed', 1006],
  ]);
  expect(server.sockets).toHaveLength(2);
});

test('a plain one is handed over with what came early, and with its end', async () => {
  const { server, told } = startClient('ws://probe-2.test/');
  (await server.next()).end(1006);
  const held = await server.next();
  held.open('');
  held.deliverText('early');
  (await server.next()).end(1006);
  held.deliverText('late');
  held.end(1001);
  expect(told).toEqual(['plain', ['opened', ''], ['text', 'early'], ['text', 'late'], ['closed', 1001]]);
});

test('a reset closes what is held, and what it showed is forgotten', async () => {
  const { server, told, probe, open, getTransport } = startClient('ws://probe-3.test/');
  (await server.next()).end(1006);
  const held = await server.next();
  held.open('');
  await server.next();
  getTransport()?.close(1000, '');
  probe.reset();
  expect(held.closedWith?.code).toBe(1000);
  open();
  (await server.next()).end(1006);
  expect((await server.next()).protocols).toEqual([]);
  expect(told).toEqual([]);
});

test('a proof that another socket brings meanwhile counts, and leaves no connection open', async () => {
  const url = 'ws://probe-4.test/';
  let times = 0;
  const { server, told } = startClient(url, () => {
    if (++times === 2) believePlain(url, 0);
  });
  (await server.next()).end(1006);
  const held = await server.next();
  held.open('');
  const other = await server.next();
  other.open('');
  expect([other.protocols, held.closedWith?.code, told]).toEqual([[], 1000, ['plain', ['opened', '']]]);
});
