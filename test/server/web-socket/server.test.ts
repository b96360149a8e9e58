/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- that ours stands in for theirs is what is tested */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ChunkWebSocketServer } from '../../../src/server/web-socket/chunk-web-socket-server.ts';
import { SessionWebSocket } from '../../../src/server/web-socket/session-web-socket.ts';
import { Inbox } from '../../support/inbox.ts';
import { newSession, RawPeer } from '../../support/raw-peer.ts';
import { closeOf, connect, kinds, openChunk, openClient, startWebSocketServer, stop } from './rig.ts';
import type { Connection } from './rig.ts';

describe.each(kinds)('a server for clients of %s', (kind) => {
  test('connects each with its upgrade request, and knows its clients', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const client = openClient(kind, `${url}/some/path?query=1`);
    const { socket, request } = await connections.next();
    expect(socket instanceof SessionWebSocket).toBe(kind === 'chunk');
    expect(socket instanceof WebSocket).toBe(kind === 'ws');
    expect(request.url).toBe('/some/path?query=1');
    expect(request.method).toBe('GET');
    expect(request.socket.remoteAddress).toBe('127.0.0.1');
    expect([...server.clients]).toEqual([socket]);
    client.close(4000);
    await expect.poll(() => server.clients.size).toBe(0);
  });

  test('chooses the first subprotocol where nobody chooses', async () => {
    const { url, connections } = await startWebSocketServer();
    openClient(kind, url, ['one', 'two']);
    expect((await connections.next()).socket.protocol).toBe('one');
    openClient(kind, url);
    expect((await connections.next()).socket.protocol).toBe('');
  });

  test('asks handleProtocols, also one that is set later', async () => {
    const asked: unknown[] = [];
    const handleProtocols = (names: Set<string>, request: IncomingMessage): string | false => {
      asked.push([[...names], request.url]);
      return names.has('two') ? 'two' : false;
    };
    const { server, url, connections } = await startWebSocketServer({}, { handleProtocols });
    expect(server.options.handleProtocols).toBe(handleProtocols);
    openClient(kind, `${url}/a`, ['one', 'two']);
    const { socket, request } = await connections.next();
    expect(socket.protocol).toBe('two');
    expect(asked).toEqual([[['one', 'two'], '/a']]);
    expect(request.url).toBe('/a');

    server.options.handleProtocols = (names) => (names.has('one') ? 'one' : false);
    openClient(kind, url, ['two', 'one']);
    expect((await connections.next()).socket.protocol).toBe('one');
  });

  test('tells the headers of the answer, to be added to', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const paths: unknown[] = [];
    server.on('headers', (headers, request) => {
      headers.push('X-Test: yes');
      paths.push(request.url);
    });
    openClient(kind, `${url}/x`);
    await connections.next();
    expect(paths).toEqual(['/x']);
  });

  test('takes an upgrade that is handed to it', async () => {
    const { server, url } = await startNoServer();
    const client = openClient(kind, `${url.href}one`);
    const { socket, request } = await server.upgrades.next();
    expect(request.url).toBe('/one');
    socket.send('hello');
    expect(await client.messages.next()).toBe('hello');
    expect(server.wrapped.clients.has(socket)).toBe(true);
    expect(server.connections.items).toHaveLength(1);
  });

  test('closes when its clients have', async () => {
    const { server, socket, client } = await connect(kind);
    const told: string[] = [];
    server.on('close', () => told.push('close'));
    const closed = new Promise<unknown>((resolve) => {
      server.close(resolve);
    });
    server.close();
    socket.send('still there');
    expect(await client.messages.next()).toBe('still there');
    expect(told).toEqual([]);
    socket.close(1001, 'going away');
    expect(await client.closed).toEqual({ code: 1001, reason: 'going away' });
    expect(await closed).toBeUndefined();
    expect(told).toEqual(['close']);
    const again = await new Promise<unknown>((resolve) => {
      server.close(resolve);
    });
    expect(again).toEqual(new Error('The server is not running'));
  });

  test('does not track its clients where it is not asked to', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const wss = new WebSocketServer({ noServer: true, clientTracking: false });
    expect((new ChunkWebSocketServer(wss) as { clients: unknown }).clients).toBeUndefined();
    openClient(kind, url);
    await connections.next();
    expect(server.clients.size).toBe(1);
  });
});

interface NoServer {
  readonly wrapped: ChunkWebSocketServer<WebSocket>;
  readonly upgrades: Inbox<Connection>;
  readonly connections: Inbox<Connection>;
}

/** A server without one of HTTP, and such a server beside it. */
async function startNoServer(path?: string): Promise<{ readonly server: NoServer; readonly url: URL }> {
  const wss = new WebSocketServer({ noServer: true, ...(path === undefined ? {} : { path }) });
  const wrapped = new ChunkWebSocketServer(wss);
  const upgrades = new Inbox<Connection>();
  const connections = new Inbox<Connection>();
  wrapped.on('connection', (socket, request) => {
    connections.push({ socket, request });
  });
  const http = createServer();
  http.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (!wrapped.shouldHandle(request)) {
      socket.destroy();
      return;
    }
    wrapped.handleUpgrade(request, socket, head, (client, same) => {
      expect(same).toBe(request);
      upgrades.push({ socket: client, request });
      wrapped.emit('connection', client, request);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    await stop(wrapped, wss);
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  return { server: { wrapped, upgrades, connections }, url: new URL(`ws://127.0.0.1:${port}/`) };
}

describe('a server', () => {
  test('tells that it listens, its address and its options', async () => {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/live', maxPayload: 5000 });
    const listening = new Promise<void>((resolve) => {
      const server = new ChunkWebSocketServer(wss, {}, resolve);
      onTestFinished(() => stop(server, wss));
      expect(server.path).toBe('/live');
      expect(server.options).toMatchObject({ path: '/live', maxPayload: 5000, clientTracking: true });
      expect({ ...server.options }).toMatchObject({ path: '/live', handleProtocols: null });
      (server.options as { maxPayload: number }).maxPayload = 6000;
      expect(wss.options.maxPayload).toBe(6000);
    });
    await listening;
  });

  test('has no address without a server', () => {
    const server = new ChunkWebSocketServer(new WebSocketServer({ noServer: true }));
    expect(() => server.address()).toThrow('noServer');
  });

  test('tells the errors of its HTTP server', async () => {
    const { url } = await startWebSocketServer();
    const wss = new WebSocketServer({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const [error] = (await once(new ChunkWebSocketServer(wss), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('EADDRINUSE');
  });

  test('handles the requests of its path only, or those that it says it does', async () => {
    const { server, url } = await startNoServer('/live');
    expect(server.wrapped.shouldHandle({ url: '/live?x' } as IncomingMessage)).toBe(true);
    expect(server.wrapped.shouldHandle({ url: '/other' } as IncomingMessage)).toBe(false);
    server.wrapped.shouldHandle = ({ url: asked }) => asked === '/other';
    openChunk(`${url.href}other`);
    expect((await server.upgrades.next()).request.url).toBe('/other');
  });

  test('leaves requests that are no upgrade to who listens for them', async () => {
    const { server, url } = await startWebSocketServer();
    const told: string[] = [];
    server.on('wsClientError', (error, socket) => {
      told.push(error.message);
      socket.end('HTTP/1.1 418 Teapot\r\n\r\n');
    });
    expect(await badUpgrade(url)).toContain('418');
    expect(told).toEqual(['Missing or invalid Sec-WebSocket-Key header']);
    server.removeAllListeners('wsClientError');
    expect(await badUpgrade(url)).toBe('');
  });

  test('serves plain clients and those of the protocol side by side', async () => {
    const { server, url } = await startWebSocketServer();
    const all = server.clients;
    server.on('connection', (socket) => {
      const one: WebSocket = socket;
      one.on('message', (data, isBinary) => {
        for (const other of all) other.send(data, { binary: isBinary });
      });
    });
    const clients = kinds.map((kind) => openClient(kind, url));
    await expect.poll(() => server.clients.size).toBe(2);
    clients[0]?.send('from plain');
    for (const { messages } of clients) expect(await messages.next()).toBe('from plain');
    clients[1]?.send('from chunk');
    for (const { messages } of clients) expect(await messages.next()).toBe('from chunk');
  });

  test('takes messages up to maxPayload, whoever sends them', async () => {
    const { url, connections } = await startWebSocketServer({}, { maxPayload: 100_000 });
    const client = openChunk(url);
    const { socket } = await connections.next();
    const lengths: number[] = [];
    socket.on('message', (data) => lengths.push((data as Buffer).length));
    client.send(new Uint8Array(100_001));
    client.send(new Uint8Array(100_000));
    await expect.poll(() => lengths).toEqual([100_000]);
  });

  test('emits messages of all channels', async () => {
    const { url, connections } = await startWebSocketServer();
    const peer = openChunk(url);
    const { socket } = await connections.next();
    const told: string[] = [];
    socket.on('message', (data) => told.push((data as Buffer).toString()));
    peer.send('default');
    peer.sendOn('other', 'other');
    await expect.poll(() => [...told].sort()).toEqual(['default', 'other']);
  });

  test('ends sessions that wait for their client when it closes, also those that are closing', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    const closed = closeOf(socket);
    peer.cut();
    await expect.poll(() => server.chunk.stats().waitingSessions).toBe(1);
    (socket as SessionWebSocket).close(1001);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect((await closed).code).toBe(1006);
  });

  test('ends sessions that are closing, and lose their connection while it closes', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    const over = new Promise((resolve) => {
      server.close(resolve);
    });
    socket.send('x'.repeat(100_000));
    (socket as SessionWebSocket).close(1001);
    peer.cut();
    await over;
    expect(server.chunk.sessions).toEqual([]);
  });

  test('ends sessions that wait for their client when it closes, and takes no more', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const peer = await RawPeer.join(url);
    const { socket } = await connections.next();
    const closed = closeOf(socket);
    peer.cut();
    await expect.poll(() => server.chunk.stats().waitingSessions).toBe(1);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    expect((await closed).code).toBe(1006);
    expect(server.clients.size).toBe(0);
  });

  test('ends sessions that lose their connection while it closes', async () => {
    const { server, url, connections } = await startWebSocketServer();
    const peer = await RawPeer.join(url);
    await connections.next();
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    peer.cut();
    await closed;
    expect(server.chunk.sessions).toEqual([]);
  });

  test('sends a session that comes too late elsewhere', async () => {
    const { server, url } = await startWebSocketServer();
    const peer = await RawPeer.open(url);
    const closed = new Promise((resolve) => {
      server.close(resolve);
    });
    peer.hello(newSession());
    expect((await peer.closed).code).toBe(1012);
    await closed;
  });
});

/** What a server answers to an upgrade without a key. */
async function badUpgrade(url: string): Promise<string> {
  const socket: Socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  await once(socket, 'close');
  return answer;
}
/* eslint-enable @typescript-eslint/no-unsafe-class-instance-assignment -- as above */
