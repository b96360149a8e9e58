import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { ServerOptions, WebSocket as WsSocket } from 'ws';
import { startServer } from '../../support/start-server.ts';
import { openDropIn } from './support.ts';

const fallback = { fallback: 'plain' } as const;

/** A server that has never heard of the protocol. */
async function startPlain(
  connected: (socket: WsSocket, request: IncomingMessage) => void,
  options: ServerOptions = {},
): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', connected);
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Refuses whoever offers what it does not know, as strict servers do. */
const strict: ServerOptions = {
  verifyClient: ({ req }: { req: IncomingMessage }) => !/chunksocket/.test(req.headers['sec-websocket-protocol'] ?? ''),
};

describe.each([
  ['that answers with the first name', {}],
  ['that refuses names it does not know', strict],
])('a plain server %s', (_name, options) => {
  test('is talked to as it is', async () => {
    const url = await startPlain((socket) => {
      socket.send('early');
      socket.on('message', (data, isBinary) => {
        socket.send(data, { binary: isBinary });
      });
    }, options);
    const { socket, told, opened, types, closed } = openDropIn(url, fallback);
    socket.binaryType = 'arraybuffer';
    expect(() => {
      socket.send('x');
    }).toThrow(DOMException);
    await opened;
    expect([socket.readyState, socket.protocol, socket.url]).toEqual([1, '', url]);
    socket.send('text é');
    socket.send(new Uint8Array([1, 2, 3]));
    await expect.poll(() => told.length).toBe(4);
    expect(told.slice(1)).toEqual([
      { type: 'message', data: 'early' },
      { type: 'message', data: 'text é' },
      { type: 'message', data: new Uint8Array([1, 2, 3]).buffer },
    ]);
    socket.close(3001, 'bye');
    expect(socket.readyState).toBe(2);
    expect(await closed).toMatchObject({ code: 3001, reason: 'bye', wasClean: true });
    expect(types()).toEqual(['open', 'message', 'message', 'message', 'close']);
    expect(socket.readyState).toBe(3);
  });

  test('lives as long as its connection, and tells its close', async () => {
    const url = await startPlain((peer) => {
      peer.once('message', () => {
        for (let index = 0; index < 20; index++) peer.send(`${index}`);
        peer.close(1011, 'broken');
      });
    }, options);
    const { socket, opened, closed, types } = openDropIn(url, fallback);
    await opened;
    socket.send('go');
    expect(await closed).toMatchObject({ code: 1011, reason: 'broken', wasClean: true });
    expect(types()).toEqual(['open', ...Array.from({ length: 20 }, () => 'message'), 'close']);
    const dropped = openDropIn(
      await startPlain((peer) => {
        peer.once('message', () => {
          peer.terminate();
        });
      }, options),
      fallback,
    );
    await dropped.opened;
    dropped.socket.send('go');
    expect(await dropped.closed).toMatchObject({ code: 1006, wasClean: false });
    expect(dropped.types()).toEqual(['open', 'close']);
  });

  test('may choose one of the application’s subprotocols', async () => {
    const url = await startPlain(() => undefined, options);
    const { socket, opened } = openDropIn(url, fallback, ['graphql-transport-ws']);
    await opened;
    expect(socket.protocol).toBe('graphql-transport-ws');
  });
});

test('a server of ours is not plain', async () => {
  const { url, sessions } = await startServer();
  const { opened } = openDropIn(url, fallback);
  await opened;
  expect((await sessions.next()).status).toBe('open');
});

test('without fallback a plain server is an error, and a close that is not 1000', async () => {
  const url = await startPlain(() => undefined);
  const { closed, types } = openDropIn(url);
  const { code, wasClean } = await closed;
  expect([code, wasClean, types()]).toEqual([1006, false, ['error', 'close']]);
});

test('plain outright is the platform’s own', async () => {
  const offered: (string | undefined)[] = [];
  const url = await startPlain((socket, request) => {
    offered.push(request.headers['sec-websocket-protocol']);
    socket.send('hello');
  });
  const { socket, told, opened } = openDropIn(url, { mode: 'plain' }, ['a', 'b']);
  await opened;
  await expect.poll(() => told.length).toBe(2);
  expect([offered, socket.protocol, socket.readyState]).toEqual([['a,b'], 'a', 1]);
});
