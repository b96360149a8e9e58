import { describe, expect, it, vi } from 'vitest';

import { endOf, maskedFrame, nextMessage, RawClient, startRig } from './rig.ts';

const CLOSE_1009 = Buffer.from([0x88, 2, 0x03, 0xf1]);

describe('a message over the limit', () => {
  it('is closed with 1009, which the client sees, and never reaches the server', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 32_768, how: 'close-1009', reason: 'Too big' });
    const { client, peer } = await connect();
    const received = vi.fn();
    peer.on('message', received);
    const endings = Promise.all([endOf(client), endOf(peer)]);
    client.send(Buffer.alloc(32_768));
    await nextMessage(client);
    client.send(Buffer.alloc(32_769));
    expect(await endings).toEqual([
      { code: 1009, reason: 'Too big' },
      { code: 1006, reason: '' },
    ]);
    expect(received).toHaveBeenCalledTimes(1);
    await proxy.waitFor('closed');
    expect(proxy.log.map((entry) => entry.what)).toEqual([
      'connection',
      'open',
      'over-limit',
      'close-sent',
      'close-seen',
      'closed',
    ]);
  });

  it('of 50 MB is drained, so that the client sees 1009', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 65_536, how: 'close-1009' });
    const { client } = await connect();
    client.send(Buffer.alloc(50_000_000));
    expect((await endOf(client)).code).toBe(1009);
  });

  it.each([
    ['fin', 1006],
    ['rst', 1006],
    ['close', 1009],
  ] as const)('ends the other leg by %s: the server sees %i', async (otherLeg, code) => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'close-1009', otherLeg });
    const { client, peer } = await connect();
    const endings = Promise.all([endOf(client), endOf(peer)]);
    client.send(Buffer.alloc(101));
    expect((await endings).map((ending) => ending.code)).toEqual([1009, code]);
    await proxy.waitFor('closed');
  });

  it.each(['fin', 'rst'] as const)('gets its Close frame and then at once %s', async (afterClose) => {
    const { proxy } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'close-1009', afterClose });
    const raw = await RawClient.open(proxy.port);
    raw.socket.write(maskedFrame(Buffer.alloc(101)));
    expect(await raw.end).toEqual({ bytes: CLOSE_1009, how: afterClose });
  });

  it('gets its Close frame and is read no more, until the end comes after a while', async () => {
    const { proxy } = await startRig({ lingerMs: 100 });
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'close-1009', afterClose: 'stop-reading' });
    const raw = await RawClient.open(proxy.port);
    raw.socket.write(maskedFrame(Buffer.alloc(101)));
    expect((await raw.end).bytes).toEqual(CLOSE_1009);
    expect((await proxy.waitFor('cut')).detail).toBe('no end within 100 ms of the Close frame');
  });

  it('can get another code', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'close', code: 1008, reason: 'policy' });
    const { client } = await connect();
    client.send(Buffer.alloc(101));
    expect(await endOf(client)).toEqual({ code: 1008, reason: 'policy' });
  });

  it('is dropped without a Close frame', async () => {
    const { proxy } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'drop' });
    const raw = await RawClient.open(proxy.port);
    raw.socket.write(maskedFrame(Buffer.alloc(101)));
    expect(await raw.end).toEqual({ bytes: Buffer.alloc(0), how: 'rst' });
  });

  it('is swallowed, and the next one passes', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'swallow' });
    const { client } = await connect();
    client.send(Buffer.alloc(60), { fin: false });
    client.send(Buffer.alloc(40));
    expect(await nextMessage(client)).toHaveLength(100);
    client.send(Buffer.alloc(101));
    client.send('small');
    expect(String(await nextMessage(client))).toBe('small');
    expect(proxy.log.at(-1)).toMatchObject({ what: 'swallowed', detail: 'toServer: message 2' });
  });

  it('is swallowed with all that follows when fragments of it are out already', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'swallow' });
    const { client } = await connect();
    client.send(Buffer.alloc(60), { fin: false });
    client.send(Buffer.alloc(60));
    await proxy.waitFor('half-open');
  });

  it('makes the way half-open', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'half-open' });
    const { client, peer } = await connect();
    client.send(Buffer.alloc(101));
    client.send('small');
    await vi.waitFor(() => {
      expect(proxy.connections[0]?.counters.toServer.messages).toBe(2);
    });
    expect(proxy.connections[0]?.counters.toServer.bytesOut).toBe(0);
    peer.send('the other way is free');
    await nextMessage(client);
  });

  it('stalls the way', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 100, how: 'stall' });
    const { client, peer } = await connect();
    client.send(Buffer.alloc(30_000_000));
    await proxy.waitFor('stalled');
    peer.send('the other way is free');
    await nextMessage(client);
    expect(client.bufferedAmount).toBeGreaterThan(0);
  });

  it('is counted over its fragments, control frames in between or not', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 1_000, how: 'close-1009' });
    const { client } = await connect();
    client.send(Buffer.alloc(500), { fin: false });
    client.ping();
    client.send(Buffer.alloc(500), { fin: false });
    client.send(Buffer.alloc(0));
    expect(await nextMessage(client)).toHaveLength(1_000);
    client.send(Buffer.alloc(500), { fin: false });
    client.send(Buffer.alloc(501));
    expect((await endOf(client)).code).toBe(1009);
    expect(proxy.log.find((entry) => entry.what === 'over-limit')?.detail).toBe(
      'toServer: message 2 of at least 1001 bytes, limit 1000: close-1009',
    );
  });

  it('from the server closes the server, by a masked frame', async () => {
    const { proxy, connect } = await startRig();
    proxy.setMessageLimit({ direction: 'toClient', maxBytes: 1_000, how: 'close-1009', otherLeg: 'rst' });
    const { client, peer } = await connect();
    const endings = Promise.all([endOf(client), endOf(peer)]);
    peer.send(Buffer.alloc(1_001));
    expect((await endings).map((ending) => ending.code)).toEqual([1006, 1009]);
  });

  it('meets a limit that changed in mid-session, and none where it was lifted', async () => {
    const { proxy, connect } = await startRig();
    const { client } = await connect();
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 10_000, how: 'close-1009' });
    client.send(Buffer.alloc(10_000));
    await nextMessage(client);
    proxy.clearMessageLimit('toServer');
    client.send(Buffer.alloc(100_000));
    await nextMessage(client);
    proxy.setMessageLimit({ direction: 'toServer', maxBytes: 5_000, how: 'close-1009' });
    client.send(Buffer.alloc(10_000));
    expect((await endOf(client)).code).toBe(1009);
  });
});

describe('a Close frame', () => {
  it('1014 goes to all clients', async () => {
    const { proxy, connect } = await startRig();
    const one = await connect();
    const two = await connect();
    const endings = Promise.all([endOf(one.client), endOf(two.client), endOf(one.peer)]);
    proxy.closeAll(1014, 'Bad Gateway');
    expect(await endings).toEqual([
      { code: 1014, reason: 'Bad Gateway' },
      { code: 1014, reason: 'Bad Gateway' },
      { code: 1006, reason: '' },
    ]);
  });

  it('waits for the end of a frame that is under way', async () => {
    const { proxy, connect } = await startRig();
    const { client, peer } = await connect();
    const [connection] = proxy.connections;
    connection?.shape({ bytesPerSecond: 10_000_000, bufferBytes: 10_000 }, 'toClient');
    connection?.afterBytes('toClient', 500_000, () => {
      connection.closeWith(1014);
    });
    const end = endOf(client);
    const message = nextMessage(client);
    peer.send(Buffer.alloc(1_000_000));
    peer.send('too late');
    expect(await message).toHaveLength(1_000_000);
    expect((await end).code).toBe(1014);
    expect(connection?.counters.toClient.bytesOut).toBe(1_000_010 + 4);
  });

  it.each([
    ['before', 2],
    ['after', 3],
  ] as const)('comes %s the third message', async (when, messages) => {
    const { connect } = await startRig({
      onConnection: (connection) => {
        connection.closeAtMessage({ direction: 'toServer', message: 3, code: 1012, reason: 'restart', when });
      },
    });
    const { client, peer } = await connect();
    const received = vi.fn();
    peer.on('message', received);
    const endings = Promise.all([endOf(client), endOf(peer)]);
    for (let index = 0; index < 5; index++) client.send('message');
    expect((await endings)[0]).toEqual({ code: 1012, reason: 'restart' });
    expect(received).toHaveBeenCalledTimes(messages);
  });

  it.each([
    [1000, 1000],
    [1005, 1005],
    [1011, 1011],
    [1006, 1006],
  ])('of the server, 1009, becomes %i', async (to, seen) => {
    const { proxy, connect } = await startRig();
    proxy.faults.closeRewrites.push({ from: 1009, to, reason: '' });
    const { client, peer } = await connect();
    peer.close(1009, 'Message too big');
    expect(await endOf(client)).toEqual({ code: seen, reason: '' });
    expect(proxy.log.map((entry) => entry.detail)).toContain(`toClient: 1009 became ${to}`);
    await proxy.waitFor('closed');
  });

  it('of the client becomes another, and codes that no rule names stay', async () => {
    const { connect } = await startRig({
      onConnection: (connection) => {
        connection.rewriteClose({ direction: 'toServer', from: 4000, to: 4001 });
      },
    });
    const one = await connect();
    one.client.close(4000, 'reason');
    expect(await endOf(one.peer)).toEqual({ code: 4001, reason: 'reason' });
    const two = await connect();
    two.client.close(4002);
    expect((await endOf(two.peer)).code).toBe(4002);
  });

  it('ends the faults of that connection alone', async () => {
    const { proxy, connect } = await startRig({
      onConnection: (connection, index) => {
        if (index === 0) connection.limitMessages({ direction: 'toServer', maxBytes: 10, how: 'close-1009' });
      },
    });
    const one = await connect();
    one.client.send(Buffer.alloc(11));
    expect((await endOf(one.client)).code).toBe(1009);
    const two = await connect();
    two.client.send(Buffer.alloc(11));
    expect(await nextMessage(two.client)).toHaveLength(11);
    expect(proxy.connections).toHaveLength(2);
  });
});
