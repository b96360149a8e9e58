import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import type { ProxiedConnection } from '../support/fault-proxy/proxied-connection.ts';
import { cutOf, endOf, failureOf, maskedFrame, nextMessage, openClient, RawClient, startRig } from './rig.ts';

const FRAME_HEAD_BYTES = 4;

function first(proxy: FaultProxy): ProxiedConnection {
  const [connection] = proxy.connections;
  if (connection === undefined) throw new Error('There is no connection yet');
  return connection;
}

describe('without faults', () => {
  it('a message of 20 MB comes back intact, and both directions are counted', async () => {
    const { proxy, connect } = await startRig();
    const { client } = await connect();
    const payload = randomBytes(20_000_000);
    client.send(payload);
    const echo = await nextMessage(client);
    expect(createHash('sha256').update(echo).digest('hex')).toBe(createHash('sha256').update(payload).digest('hex'));
    const { toServer, toClient } = first(proxy).counters;
    expect(toServer).toEqual({
      bytesIn: 20_000_014,
      bytesOut: 20_000_014,
      messages: 1,
      largestMessageBytes: 20_000_000,
    });
    expect(toClient).toEqual({
      bytesIn: 20_000_010,
      bytesOut: 20_000_010,
      messages: 1,
      largestMessageBytes: 20_000_000,
    });
  });

  it('a closing handshake of either side passes, and both TCP connections end', async () => {
    const { proxy, connect } = await startRig();
    const one = await connect();
    one.client.close(4001, 'client');
    expect(await endOf(one.peer)).toEqual({ code: 4001, reason: 'client' });
    const two = await connect();
    two.peer.close(4002, 'server');
    expect(await endOf(two.client)).toEqual({ code: 4002, reason: 'server' });
    await proxy.waitFor('closed', 2);
  });

  it('a plain HTTP request passes, and is no connection', async () => {
    const { proxy } = await startRig();
    const response = await fetch(proxy.url.replace('ws:', 'http:'), { headers: { connection: 'close' } });
    expect(response.status).toBe(426);
    expect(proxy.connections).toHaveLength(0);
  });
});

describe('a cut', () => {
  it.each(['fin', 'rst'] as const)('by %s after an exact byte on the way to the client', async (how) => {
    const { proxy, server } = await startRig({
      onConnection: (connection) => {
        connection.cutAfterBytes('toClient', 1_234, how);
      },
    });
    server.on('connection', (peer) => {
      peer.send(Buffer.alloc(5_000, 7));
    });
    const raw = await RawClient.open(proxy.port);
    const end = await raw.end;
    expect(end.bytes).toHaveLength(1_234);
    expect(end.how).toBe(how);
    expect(proxy.log.map((entry) => entry.what)).toContain('cut');
  });

  it.each(['fin', 'rst'] as const)('by %s after an exact byte on the way to the server', async (how) => {
    const target = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    onTestFinished(() => {
      target.close();
    });
    const received = once(target, 'connection').then(async ([socket]: Socket[]) => {
      if (socket === undefined) throw new Error('There is no socket');
      let bytes = 0;
      await once(socket, 'data');
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
      const ending = await cutOf(socket);
      return { bytes, ending };
    });
    const proxy = await FaultProxy.start({
      targetPort: (target.address() as AddressInfo).port,
      onConnection: (connection) => {
        connection.cutAfterBytes('toServer', 777, how);
      },
    });
    onTestFinished(() => proxy.stop());
    const raw = await RawClient.open(proxy.port);
    raw.socket.write(maskedFrame(Buffer.alloc(2_000)));
    expect(await received).toEqual({ bytes: 777, ending: how });
    expect((await raw.end).how).toBe(how);
  });

  it('of everything is seen as 1006 by client and server', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    const endings = Promise.all([endOf(client), endOf(peer)]);
    proxy.cutAll('rst');
    expect((await endings).map((ending) => ending.code)).toEqual([1006, 1006]);
    await first(proxy).closed;
  });

  it('of the client alone leaves the server in the belief that it is connected', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    first(proxy).cut('rst', 'client');
    expect(await endOf(client)).toEqual({ code: 1006, reason: '' });
    peer.send('anybody there?');
    await vi.waitFor(() => {
      expect(first(proxy).counters.toClient.bytesIn).toBeGreaterThan(0);
    });
    expect(peer.readyState).toBe(peer.OPEN);
  });
});

describe('a slow path', () => {
  it('trickles, and everything arrives intact', async () => {
    const { proxy, connect } = await startRig();
    const { client } = await connect();
    first(proxy).trickle('toServer', 7, 1);
    const payload = randomBytes(700);
    const startedAtMs = performance.now();
    client.send(payload);
    expect(await nextMessage(client)).toEqual(payload);
    expect(performance.now() - startedAtMs).toBeGreaterThan(95);
  });

  it('delays each direction', async () => {
    const { connect } = await startRig({
      onConnection: (connection) => {
        connection.shape({ delayMs: 40 });
      },
    });
    const { client } = await connect();
    const startedAtMs = performance.now();
    client.send('there and back');
    await nextMessage(client);
    expect(performance.now() - startedAtMs).toBeGreaterThan(79);
  });

  it('limits the rate, and holds its sender back', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    first(proxy).shape({ bytesPerSecond: 20_000_000, bufferBytes: 65_536 }, 'toServer');
    const startedAtMs = performance.now();
    client.send(Buffer.alloc(8_000_000));
    await nextMessage(peer);
    expect(performance.now() - startedAtMs).toBeGreaterThan(390);
  });

  it('stalls in one direction, and goes on', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    const connection = first(proxy);
    connection.stall('toClient');
    peer.send('late');
    client.send('in time');
    expect(String(await nextMessage(peer))).toBe('in time');
    expect(connection.counters.toClient.bytesOut).toBe(0);
    connection.resume('toClient');
    expect(String(await nextMessage(client))).toBe('late');
    expect(proxy.log.map((entry) => entry.what)).toEqual(['connection', 'open', 'stalled', 'resumed']);
  });

  it('stalls at an exact byte', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    const connection = first(proxy);
    connection.afterBytes('toClient', FRAME_HEAD_BYTES + 100, () => {
      connection.stall('toClient');
    });
    peer.send(Buffer.alloc(1_000));
    await proxy.waitFor('stalled');
    expect(connection.counters.toClient.bytesOut).toBe(FRAME_HEAD_BYTES + 100);
    connection.resume('toClient');
    expect(await nextMessage(client)).toHaveLength(1_000);
  });

  it('a stall makes the sender keep its bytes', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    first(proxy).stall('toServer');
    client.send(Buffer.alloc(30_000_000));
    client.ping();
    peer.send('the other way is free');
    await nextMessage(client);
    expect(client.bufferedAmount).toBeGreaterThan(0);
    expect(first(proxy).counters.toServer.bytesOut).toBe(0);
  });

  it('that is half-open takes everything and delivers nothing', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    const connection = first(proxy);
    connection.halfOpen();
    client.send(Buffer.alloc(1_000_000));
    peer.send(Buffer.alloc(1_000_000));
    client.terminate();
    await vi.waitFor(() => {
      expect(connection.counters.toServer.bytesIn).toBe(1_000_014);
      expect(connection.counters.toClient.bytesIn).toBe(1_000_010);
    });
    expect(connection.counters.toServer.bytesOut + connection.counters.toClient.bytesOut).toBe(0);
    expect(peer.readyState).toBe(peer.OPEN);
  });
});

describe('the proxy as a whole', () => {
  it('refuses connections while others live on, and accepts again on the same port', async () => {
    const { proxy, connect } = await startRig();
    const { client } = await connect();
    await proxy.refuseConnections();
    expect((await failureOf(openClient(proxy.url))).code).toBe('ECONNREFUSED');
    client.send('alive');
    expect(String(await nextMessage(client))).toBe('alive');
    await proxy.acceptConnections();
    await connect();
    expect(proxy.log.map((entry) => entry.what)).toEqual([
      'connection',
      'open',
      'refusing',
      'accepting',
      'connection',
      'open',
    ]);
  });

  it('tells listeners what happens, with the number of the connection and the time', async () => {
    const { proxy, connect } = await startRig();
    const listener = vi.fn();
    const unsubscribe = proxy.onLog(listener);
    await connect();
    unsubscribe();
    await connect();
    expect(listener.mock.calls).toEqual([
      [{ connection: 0, what: 'connection', atMs: expect.any(Number) as number, detail: '/' }],
      [{ connection: 0, what: 'open', atMs: expect.any(Number) as number, detail: '/' }],
    ]);
  });

  it('leaves nothing open when it is stopped, whatever state its connections are in', async () => {
    const openHandles = (): string[] => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));
    const { proxy, server, connect } = await startRig();
    const healthy = await connect();
    const halfOpen = await connect();
    proxy.connections[1]?.halfOpen();
    const stalled = await connect();
    proxy.connections[2]?.stall('toServer');
    proxy.connections[2]?.shape({ delayMs: 60_000 });
    stalled.client.send(Buffer.alloc(1_000_000));
    proxy.nextUpgrade({ hang: true });
    const hanging = openClient(proxy.url);
    await proxy.waitFor('upgrade-hung');
    const ends = Promise.all([healthy, halfOpen, stalled].flatMap(({ client, peer }) => [endOf(client), endOf(peer)]));
    const hung = endOf(hanging);
    await proxy.stop();
    await Promise.all([ends, hung]);
    expect(proxy.connections.every((connection) => connection.isClosed)).toBe(true);
    expect(server.clients.size).toBe(0);
    // The one that is left is that of the server.
    await vi.waitFor(() => {
      expect(openHandles()).toEqual(['TCPServerWrap']);
    });
  });
});
