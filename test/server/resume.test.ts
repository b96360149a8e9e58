import { describe, expect, test } from 'vitest';
import type { ServerSession, SessionCloseEvent } from '../../src/server/server-session.ts';
import { EngineClient } from '../support/engine-client.ts';
import { closeFrame, dataFrame, messageFrame, newSession, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

/** Sends back what it gets. */
function echo(session: ServerSession): void {
  session.on('message', ({ data, channel }) => {
    session.send(data, { channel });
  });
}

function closeOf(session: ServerSession): Promise<SessionCloseEvent> {
  return new Promise((resolve) => {
    session.on('close', resolve);
  });
}

describe('a session that is resumed', () => {
  test('gets what the client has not acknowledged once more, and the client what the server has taken', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    const received: unknown[] = [];
    made.on('message', ({ data }) => received.push(data));
    first.isAcking = false;
    first.stream(messageFrame('up'));
    const transfer = made.send('down');
    expect(await first.messages.next()).toBe('down');
    first.cut();
    await expect.poll(() => made.status).toBe('waiting');
    expect(transfer.state).not.toBe('delivered');

    const second = await RawPeer.open(url);
    second.hello({ ...session, connection: 2, expected: true, received: 0, streamEnd: first.sent });
    expect(await second.welcome()).toMatchObject({ result: 'resumed', received: first.sent });
    expect(await second.messages.next()).toBe('down');
    await transfer.delivered;
    second.sent = first.sent;
    second.stream(messageFrame('up again'));
    await expect.poll(() => received).toEqual(['up', 'up again']);
    expect(made.status).toBe('open');
  });

  test('delivers what was sent while it waited, and tells of each turn', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    const told: unknown[] = [];
    made.on('status', ({ status }) => told.push(status));
    made.on('resume', ({ connections, resentBytes }) => told.push({ connections, resentBytes }));
    first.cut();
    await expect.poll(() => told).toEqual(['waiting']);
    const transfer = made.send('while you were away');
    const second = await RawPeer.join(url, session, { connection: 2 });
    expect(await second.messages.next()).toBe('while you were away');
    await transfer.delivered;
    expect(told).toEqual(['waiting', 'open', { connections: 2, resentBytes: 0 }]);
    expect(made.stats().connections).toBe(2);
  });

  test('replaces a connection that still stands: it is closed with 4901 and what it still sends does not count', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    const received: unknown[] = [];
    made.on('message', ({ data }) => received.push(data));
    first.stream(messageFrame('before'));
    await expect.poll(() => received).toEqual(['before']);
    const second = await RawPeer.open(url);
    second.hello({ ...session, connection: 2, expected: true, streamEnd: first.sent });
    const welcome = await second.welcome();
    // The first one has not read its close yet, and goes on.
    first.stream(messageFrame('stale'));
    first.socket.send('not even a packet');
    second.sent = welcome.received ?? -1;
    second.stream(messageFrame('after'));
    expect(await first.closed).toEqual({ code: 4901, reason: 'replaced' });
    await expect.poll(() => received).toEqual(['before', 'after']);
    expect(made.status).toBe('open');
  });

  test('goes on after the end of its old connection came in late', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    first.socket.pause();
    const second = await RawPeer.join(url, session, { connection: 2 });
    first.cut();
    const transfer = made.send('hello');
    expect(await second.messages.next()).toBe('hello');
    await transfer.delivered;
    expect(made.status).toBe('open');
  });

  test('says what the server has learned of its own direction', async () => {
    const { url } = await startServer();
    const session = newSession();
    await RawPeer.join(url, session, { limitHint: { floor: 8192, ceiling: 32_768 } });
    const second = await RawPeer.open(url);
    second.hello({ ...session, connection: 2 });
    expect(await second.welcome()).toMatchObject({ limit: { floor: 8192, ceiling: 32_768 } });
  });

  test.each([
    [{ floor: 2048, ceiling: 0 }, 2048],
    [{ floor: 0, ceiling: 0 }, 16_384],
    [{ floor: 0, ceiling: 1024 }, 512],
    [{ floor: 1, ceiling: 1 }, 512],
    [{ floor: Number.MAX_SAFE_INTEGER, ceiling: 5 }, 1 << 20],
  ])('starts from the hint %o with packets of %i bytes', async (limitHint, limitBytes) => {
    const { url, sessions } = await startServer();
    await RawPeer.join(url, newSession(), { limitHint });
    expect((await sessions.next()).stats().limitBytes).toBe(limitBytes);
  });

  test('ends with a violation where the client claims more than was sent', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    first.cut();
    const second = await RawPeer.open(url);
    second.hello({ ...session, connection: 2, expected: true, received: 1 });
    expect(await second.closed).toEqual({ code: 4900, reason: 'received-regressed' });
    expect(made.status).toBe('closed');
  });
});

describe('a connection that ends', () => {
  test.each([1000, 1001, 1009, 1011, 3000, 4000, 4901, 4908])('with %i leaves the session waiting', async (code) => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const made = await sessions.next();
    peer.socket.close(code);
    await expect.poll(() => made.status).toBe('waiting');
  });

  test('with 4906 ends the session at once: what is not delivered fails', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const made = await sessions.next();
    peer.isAcking = false;
    const transfer = made.send('lost');
    await peer.messages.next();
    const closed = closeOf(made);
    peer.socket.close(4906, 'enough');
    expect(await closed).toMatchObject({ code: 4906, reason: 'enough', wasClean: false });
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4906 });
    expect(made.status).toBe('closed');
  });

  test('with 4900 ends the session, and tells that the client says we broke the protocol', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const made = await sessions.next();
    const errors: unknown[] = [];
    made.on('error', ({ error }) => errors.push(error));
    const closed = closeOf(made);
    peer.socket.close(4900, 'bad-frame');
    const { error } = await closed;
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', violation: 'bad-frame', isReceived: true });
    expect(errors).toEqual([error]);
  });
});

describe('what is left of a session', () => {
  test('that nobody came back to is gone with its count, for as long again', async () => {
    const { url, sessions, clock, server } = await startServer({ resumeMs: 60_000 });
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    peer.stream(messageFrame('taken'));
    await expect.poll(() => made.stats().receivedBytes).toBe(peer.sent);
    const transfer = made.send('never seen');
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    const closed = closeOf(made);
    clock.skip(59_000);
    expect(made.status).toBe('waiting');
    clock.skip(1000);
    expect(await closed).toMatchObject({ code: 1006, reason: 'not resumed within 60000 ms', wasClean: false });
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(server.stats()).toMatchObject({ sessions: 0, tombstones: 1 });

    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, streamEnd: peer.sent });
    expect(await back.welcome()).toEqual({ version: 1, result: 'gone', received: peer.sent });
    const next = newSession();
    back.hello(next);
    expect(await back.welcome()).toMatchObject({ result: 'new' });

    clock.skip(60_000);
    const late = await RawPeer.open(url);
    late.hello({ ...session, connection: 3, expected: true });
    expect(await late.welcome()).toEqual({ version: 1, result: 'gone' });
  });

  test('does not count a message whose REJECT the client may not have seen', async () => {
    const { url, sessions, clock } = await startServer({
      maxMessageBytes: 1000,
      maxStreamBytes: 1000,
      resumeMs: 60_000,
    });
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    peer.stream(messageFrame('taken'));
    await peer.acks.next();
    const before = peer.sent;
    peer.isAcking = false;
    peer.stream(messageFrame(new Uint8Array(1001)));
    expect(await peer.controls.next()).toMatchObject({ type: 'reject', ordinal: 1, code: 1, value: 1000 });
    await expect.poll(() => made.stats().receivedBytes).toBe(peer.sent);
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    clock.skip(60_000);
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, streamEnd: peer.sent });
    expect(await back.welcome()).toEqual({ version: 1, result: 'gone', received: before });
  });

  test('is answered for only to whoever knows the secret, with a connection that is new', async () => {
    const { url, sessions, clock } = await startServer();
    const session = newSession();
    const peer = await RawPeer.join(url, session, { connection: 3 });
    const made = await sessions.next();
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    clock.skip(120_000);
    const thief = await RawPeer.open(url);
    thief.hello({ ...session, secret: newSession().secret, connection: 4, expected: true });
    expect((await thief.closed).code).toBe(4903);
    const late = await RawPeer.open(url);
    late.hello({ ...session, connection: 3 });
    expect((await late.closed).code).toBe(4904);
  });

  test('that ran out with nothing of it expected can be made anew', async () => {
    const { url, sessions, clock, server } = await startServer();
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    peer.cut();
    const made = await sessions.next();
    await expect.poll(() => made.status).toBe('waiting');
    clock.skip(120_000);
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2 });
    expect(await back.welcome()).toMatchObject({ result: 'new' });
    expect(server.stats()).toMatchObject({ sessions: 1, tombstones: 0 });
  });

  test('that ended in order is its end, with the count', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    peer.stream(messageFrame('last words'), closeFrame(4321, 'done'));
    expect(await peer.closed).toEqual({ code: 1000, reason: '' });
    expect(made.status).toBe('closed');
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, received: peer.received, streamEnd: peer.sent });
    expect(await back.welcome()).toEqual({
      version: 1,
      result: 'ended',
      received: peer.sent,
      close: { code: 4321, reason: 'done' },
    });
    expect((await back.closed).code).toBe(1000);
  });

  test('no more than maxTombstones are kept, the oldest goes first', async () => {
    const { url, sessions, server } = await startServer({ maxTombstones: 2 });
    const all = [newSession(), newSession(), newSession()];
    for (const session of all) {
      const peer = await RawPeer.join(url, session);
      (await sessions.next()).terminate();
      expect(await peer.closed).toEqual({ code: 4906, reason: 'terminated' });
    }
    expect(server.stats().tombstones).toBe(2);
    const results: unknown[] = [];
    for (const session of all) {
      const peer = await RawPeer.open(url);
      peer.hello({ ...session, connection: 2, expected: true });
      results.push((await peer.welcome()).result);
    }
    expect(results).toEqual(['gone', 'ended', 'ended']);
  });
});

describe('a session that was called gone', () => {
  const refusalOf = async (url: string, hello: Parameters<RawPeer['hello']>[0]): Promise<unknown> => {
    const peer = await RawPeer.open(url);
    peer.hello(hello);
    return Promise.race([peer.closed.then(({ code }) => code), peer.welcome().then(({ result }) => result)]);
  };

  test('cannot be made for resumeMs, and is gone for whoever asks again', async () => {
    const { url, clock } = await startServer({ resumeMs: 60_000 });
    const session = newSession();
    expect(await refusalOf(url, { ...session, connection: 2, expected: true })).toBe('gone');
    expect(await refusalOf(url, session)).toBe(4904);
    expect(await refusalOf(url, { ...session, connection: 3 })).toBe(4904);
    expect(await refusalOf(url, { ...session, secret: newSession().secret })).toBe(4903);
    expect(await refusalOf(url, { ...session, connection: 3, expected: true })).toBe('gone');
    clock.skip(50_000);
    expect(await refusalOf(url, session)).toBe(4904);
    clock.skip(10_000);
    expect(await refusalOf(url, session)).toBe('new');
  });

  test('is so for as long where its tombstone goes sooner', async () => {
    const { url, sessions, clock } = await startServer({ resumeMs: 60_000 });
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    clock.skip(60_000);
    clock.skip(50_000);
    expect(await refusalOf(url, { ...session, connection: 2, expected: true })).toBe('gone');
    clock.skip(20_000);
    expect(await refusalOf(url, session)).toBe(4904);
  });

  test('is one of maxTombstones at most, and pushes no tombstone out', async () => {
    const { url, server, sessions } = await startServer({ maxTombstones: 1 });
    const ended = newSession();
    const peer = await RawPeer.join(url, ended);
    (await sessions.next()).terminate();
    await peer.closed;
    const [first, second] = [newSession(), newSession()];
    for (const session of [first, second]) {
      expect(await refusalOf(url, { ...session, connection: 2, expected: true })).toBe('gone');
    }
    expect(await refusalOf(url, first)).toBe('new');
    expect(await refusalOf(url, second)).toBe(4904);
    expect(server.stats().tombstones).toBe(1);
    expect(await refusalOf(url, { ...ended, connection: 2, expected: true })).toBe('ended');
  });
});

describe('a packet that is too big', () => {
  test('for ws is refused with 1009, and the next WELCOME says what is taken', async () => {
    const { url, sessions } = await startServer({}, { maxPayload: 2048 });
    const session = newSession();
    const peer = await RawPeer.open(url);
    peer.hello(session);
    expect(await peer.welcome()).toMatchObject({ maxPacketBytes: 2048 });
    const made = await sessions.next();
    peer.stream(dataFrame(new Uint8Array(3000), 3));
    expect((await peer.closed).code).toBe(1009);
    await expect.poll(() => made.status).toBe('waiting');
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, streamEnd: 3003 });
    expect(await back.welcome()).toMatchObject({ result: 'resumed', received: 0, refused: { maxPacketBytes: 2048 } });
    const { receivedPackets } = made.stats();
    back.ack();
    await expect.poll(() => made.stats().receivedPackets).toBeGreaterThan(receivedPackets);
    back.cut();
    const again = await RawPeer.open(url);
    again.hello({ ...session, connection: 3, expected: true, streamEnd: 3003 });
    expect(await again.welcome()).not.toHaveProperty('refused');
  });

  test('for us, though not for ws, is refused likewise', async () => {
    const { url, sessions } = await startServer({ maxPacketBytes: 1024 });
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    const received: unknown[] = [];
    made.on('message', ({ data }) => received.push(data));
    const exact = dataFrame(new Uint8Array(1024 - 4 - 3), 3);
    peer.stream(exact);
    await expect.poll(() => received).toHaveLength(1);
    peer.stream(dataFrame(new Uint8Array(1024), 3));
    expect((await peer.closed).code).toBe(1009);
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, streamEnd: 5000 });
    expect(await back.welcome()).toMatchObject({ received: exact.length, refused: { maxPacketBytes: 1024 } });
  });

  test('that the client refuses teaches the server, and says nothing of the other direction', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    made.on('message', () => undefined);
    peer.isAcking = false;
    const transfer = made.send(new Uint8Array(12_000));
    await expect.poll(() => peer.received).toBeGreaterThan(10_000);
    peer.socket.close(1009);
    await expect.poll(() => made.status).toBe('waiting');
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, refused: { maxPacketBytes: 4096 } });
    expect(await back.welcome()).not.toHaveProperty('refused');
    await transfer.delivered;
    expect(made.stats()).toMatchObject({ limitBytes: 4096, limitCeilingBytes: 8192 });
  });
});

test('a client that answers 1009 even to the smallest packet is given up with 4909', async () => {
  const { url, sessions } = await startServer();
  const session = newSession();
  const connect = async (connection: number): Promise<RawPeer> => {
    const peer = await RawPeer.open(url);
    peer.isAcking = false;
    peer.hello({ ...session, connection, expected: connection > 1, limitHint: { floor: 512, ceiling: 0 } });
    await peer.welcome();
    return peer;
  };
  let peer = await connect(1);
  const made = await sessions.next();
  const closed = closeOf(made);
  const transfer = made.send(new Uint8Array(5000));
  for (let connection = 2; made.status !== 'closed'; connection++) {
    await expect.poll(() => peer.received).toBeGreaterThan(0);
    peer.socket.close(1009);
    await expect.poll(() => made.status).toBe('waiting');
    peer = await connect(connection);
    await Promise.race([closed, expect.poll(() => peer.received).toBeGreaterThan(0)]);
  }
  expect((await peer.closed).code).toBe(4909);
  expect(await closed).toMatchObject({ code: 4909, wasClean: false, error: { code: 'ERR_LIMIT_TOO_SMALL' } });
  await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4909 });
});

test('big messages in both directions survive cuts, arrive once and in order', async () => {
  const { url, sessions } = await startServer();
  const client = new EngineClient();
  await client.connect(url);
  const made = await sessions.next();
  echo(made);
  const big = new Uint8Array(6 << 20).map((_, index) => index * 7 + (index >> 13));
  const small = Array.from({ length: 200 }, (_, index) => `message ${index}`);
  const transfers = [
    client.port.send(big, { channel: 'big' }),
    ...small.map((text) => client.port.send(text, { channel: 'small' })),
  ];
  for (let cuts = 0; cuts < 5; cuts++) {
    const { receivedPackets } = made.stats();
    await expect
      .poll(() => made.stats().receivedPackets > receivedPackets + 3 || client.messages.items.length === 201)
      .toBe(true);
    await client.cut();
    await client.connect(url);
  }
  await Promise.all(transfers.map(({ delivered }) => delivered));
  const back = await client.messages.take(201);
  expect(back.filter(({ channel }) => channel === 'small').map(({ data }) => data)).toEqual(small);
  const echoed = back.find(({ channel }) => channel === 'big')?.data as Uint8Array;
  expect(Buffer.compare(echoed, big)).toBe(0);
  await expect.poll(() => made.bufferedAmount).toBe(0);
  expect(client.messages.items).toEqual([]);
  expect(made.stats().connections).toBe(6);
});
