import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';
import { ChunkServer } from '../../src/server/chunk-server.ts';
import { handleProtocols } from '../../src/server/subprotocol.ts';
import { openSocket } from '../client/support.ts';
import { newSession, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

/** A `ws` server without ours on it. */
async function startWs(options: Omit<ServerOptions, 'host' | 'port'> = {}) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await once(wss, 'listening');
  onTestFinished(() => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  });
  return { wss, url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}` };
}

describe('handleProtocols', () => {
  test.each([
    [['chunksocket.plain', 'chunksocket.v1'], 'chunksocket.v1'],
    [['chat', 'chunksocket.v1'], 'chunksocket.v1'],
    [['chunksocket.v1', 'chat'], 'chunksocket.v1'],
    [['chunksocket.plain', 'chat', 'mqtt'], 'chat'],
    [['chunksocket.plain'], false],
    [[], false],
  ])('of %o chooses %s', (offered, chosen) => {
    expect(handleProtocols(new Set(offered))).toBe(chosen);
    expect(new ChunkServer().handleProtocols(offered)).toBe(chosen);
  });
});

describe('attach', () => {
  test('needs nothing of the ws server', async () => {
    const { url } = await startServer();
    const peer = await RawPeer.join(url);
    expect(peer.socket.protocol).toBe('chunksocket.v1');
  });

  test('leaves a handleProtocols that is there', async () => {
    const { url } = await startServer({}, { handleProtocols: () => 'chat' });
    const socket = new WebSocket(url, ['chat', 'chunksocket.v1']);
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect(code).toBe(1002);
    expect(reason.toString()).toBe('this server speaks the subprotocol chunksocket.v1 only');
  });

  test('gives what speaks something else to onPlain, untouched', async () => {
    const plain: string[] = [];
    const { url } = await startServer(
      {},
      {},
      {
        onPlain: (socket, request) => {
          plain.push(`${socket.protocol} ${request.url ?? ''}`);
          socket.close(4000, 'plainly');
        },
      },
    );
    for (const protocols of [[], ['chat']]) {
      const socket = new WebSocket(`${url}/x`, protocols);
      expect((await once(socket, 'close'))[0]).toBe(4000);
    }
    expect(plain).toEqual([' /x', 'chat /x']);
  });

  test.each([
    [undefined, 100 << 20],
    [65_536, 65_536],
    [0, 1 << 20],
  ])('with a maxPayload of %s tells clients %i', async (maxPayload, maxPacketBytes) => {
    const { url } = await startServer({}, maxPayload === undefined ? {} : { maxPayload });
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    expect(await peer.welcome()).toMatchObject({ maxPacketBytes });
  });

  test.each([
    [10_000, 65_536, 10_000],
    [100_000, 65_536, 65_536],
    [100_000, 0, 100_000],
  ])('with maxPacketBytes %i and a maxPayload of %i tells %i', async (own, maxPayload, told) => {
    const { url } = await startServer({ maxPacketBytes: own }, { maxPayload });
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    expect(await peer.welcome()).toMatchObject({ maxPacketBytes: told });
  });

  test('throws for a maxPayload that no peer could live with', async () => {
    const { wss } = await startWs({ maxPayload: 511 });
    expect(() => new ChunkServer().attach(wss)).toThrow(/maxPayload is 511/);
  });

  test('can be taken back', async () => {
    const { wss } = await startWs();
    const before = wss.listenerCount('connection');
    const detach = new ChunkServer().attach(wss);
    detach();
    expect(wss.listenerCount('connection')).toBe(before);
  });
});

describe('accept', () => {
  async function connectTo(wss: WebSocketServer, url: string, protocols: string[]) {
    const socket = new WebSocket(url, protocols);
    onTestFinished(() => {
      socket.terminate();
    });
    const [connection] = await Promise.all([once(wss, 'connection'), once(socket, 'open')]);
    return connection as [WebSocket, IncomingMessage];
  }

  test('takes a socket that agreed, and tells what it was told of it', async () => {
    const server = new ChunkServer();
    const { wss, url } = await startWs({ handleProtocols: server.handleProtocols, maxPayload: 5000 });
    const results: boolean[] = [];
    wss.on('connection', (socket, request) => {
      results.push(server.accept(socket, request, { maxPayload: 5000 }));
    });
    const peer = await RawPeer.open(url);
    peer.hello(newSession());
    expect(await peer.welcome()).toMatchObject({ maxPacketBytes: 5000 });
    expect(results).toEqual([true]);
    await server.close({ deadlineMs: 0 });
  });

  test('does not tell clients of a limit of ws that it does not know', async () => {
    const server = new ChunkServer();
    const { wss, url } = await startWs({ handleProtocols: server.handleProtocols, maxPayload: 5000 });
    wss.on('connection', (socket, request) => {
      server.accept(socket, request);
    });
    const session = newSession();
    const peer = await RawPeer.open(url);
    peer.hello(session);
    expect(await peer.welcome()).toMatchObject({ maxPacketBytes: 1 << 20 });
    peer.send(new Uint8Array(6000));
    expect((await peer.closed).code).toBe(1009);
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true });
    expect(await back.welcome()).not.toHaveProperty('refused');
    await server.close({ deadlineMs: 0 });
  });

  test.each([undefined, 1 << 20])('recovers where ws takes less than it was told (%s)', async (maxPayload) => {
    const server = new ChunkServer();
    const { wss, url } = await startWs({ handleProtocols: server.handleProtocols, maxPayload: 8192 });
    const lengths: number[] = [];
    server.on('session', (session) => {
      session.on('message', ({ data }) => lengths.push(data.length));
    });
    wss.on('connection', (socket, request) => {
      server.accept(socket, request, { maxPayload });
    });
    const client = openSocket(url, { startPacketBytes: 65_536 });
    await client.send(new Uint8Array(200_000)).delivered;
    expect(lengths).toEqual([200_000]);
    expect(client.stats().limitBytes).toBeLessThanOrEqual(8192);
    await client.close();
    await server.close({ deadlineMs: 0 });
  });

  test('leaves a socket that speaks something else, or is not open, as it is', async () => {
    const server = new ChunkServer();
    const { wss, url } = await startWs({ handleProtocols: server.handleProtocols });
    const [plain, request] = await connectTo(wss, url, ['chat']);
    expect(server.accept(plain, request)).toBe(false);
    expect(plain.readyState).toBe(WebSocket.OPEN);
    const [closing, itsRequest] = await connectTo(wss, url, ['chunksocket.v1']);
    closing.terminate();
    expect(server.accept(closing, itsRequest)).toBe(false);
    expect(server.stats().arrivingConnections).toBe(0);
  });
});
