import { describe, expect, test } from 'vitest';
import type { ServerSession, SessionCloseEvent } from '../../src/server/server-session.ts';
import { EngineClient } from '../support/engine-client.ts';
import { closeFrame, dataFrame, messageFrame, newSession, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

function closeOf(session: ServerSession): Promise<SessionCloseEvent> {
  return new Promise((resolve) => {
    session.on('close', resolve);
  });
}

describe('session.close', () => {
  test('finishes what was sent, waits for the client, and ends with 1000', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    const closed = closeOf(session);
    const sent = session.send('goodbye');
    const done = session.close(4001, 'bye');
    expect(session.status).toBe('closing');
    expect(await peer.messages.next()).toBe('goodbye');
    expect(await peer.controls.next()).toMatchObject({ type: 'close', code: 4001, reason: 'bye' });
    await sent.delivered;
    expect(session.status).toBe('closing');
    peer.stream(messageFrame('one more'), closeFrame());
    expect(await peer.closed).toEqual({ code: 1000, reason: '' });
    await done;
    expect(await closed).toEqual({ code: 4001, reason: 'bye', wasClean: true, error: undefined });
    expect(session.status).toBe('closed');
    // The client knows that all it sent was taken.
    expect(peer.acks.items.at(-1)).toBe(peer.sent);
  });

  test('takes nothing more, and a second call changes nothing', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    const first = session.close(4001, 'first');
    const second = session.close(4002, 'second');
    expect(second).toBe(first);
    await expect(session.send('late').delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4001 });
    expect(await peer.controls.next()).toMatchObject({ code: 4001 });
  });

  test('gives up after drainMs: 4906, and what is left fails', async () => {
    const { url, sessions, clock } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    peer.isAcking = false;
    const sent = session.send('unheard');
    const closed = closeOf(session);
    const done = session.close(4001, 'bye', { drainMs: 5000 });
    await peer.messages.next();
    clock.skip(5000);
    await done;
    expect(await peer.closed).toEqual({ code: 4906, reason: 'drain timeout' });
    expect(await closed).toMatchObject({ code: 4001, reason: 'bye', wasClean: false });
    await expect(sent.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('works while nobody is connected: the client learns it when it is back', async () => {
    const { url, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    first.cut();
    await expect.poll(() => made.status).toBe('waiting');
    const done = made.close(4001, 'bye');
    const back = await RawPeer.join(url, session, { connection: 2 });
    expect(await back.controls.next()).toMatchObject({ type: 'close', code: 4001 });
    back.stream(closeFrame());
    expect((await back.closed).code).toBe(1000);
    await done;
  });

  test('ends at the drain timeout also where nobody comes back', async () => {
    const { url, sessions, clock, server } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    peer.cut();
    await expect.poll(() => session.status).toBe('waiting');
    const done = session.close(1000, '', { drainMs: 1000 });
    clock.skip(1000);
    // The engine is asked at its next turn.
    await expect.poll(() => session.status).toBe('closed');
    await done;
    expect(server.stats().sessions).toBe(0);
  });

  test.each([[999], [1001], [1006], [4900], [4999], [5000], [1000.5]])('refuses the code %d', async (code) => {
    const { url, sessions } = await startServer();
    await RawPeer.join(url);
    const session = await sessions.next();
    expect(() => void session.close(code)).toThrow(/Option code/);
    expect(session.status).toBe('open');
  });

  test('takes a reason of 123 bytes, and no longer one', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    expect(() => void session.close(1000, 'é'.repeat(62))).toThrow(/124 bytes/);
    void session.close(1000, 'é'.repeat(61) + 'e');
    expect(await peer.controls.next()).toMatchObject({ reason: 'é'.repeat(61) + 'e' });
  });
});

describe('a client that closes', () => {
  test('is answered: what is queued fails, what is under way is finished', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url, newSession(), { initialChannelCredit: 16_384 });
    const session = await sessions.next();
    const closed = closeOf(session);
    peer.isAcking = false;
    const begun = session.send(new Uint8Array(16_384 - 64 + 100));
    const queued = session.send('never begun');
    await expect.poll(() => peer.received).toBeGreaterThan(16_000);
    peer.stream(closeFrame(1000, 'leaving'));
    await expect(queued.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 1000, reason: 'leaving' });
    expect(session.status).toBe('closing');
    await expect(session.send('too late').delivered).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    peer.stream(Uint8Array.of(1, 5, 0, 0x80, 0x01, 0, 0));
    peer.isAcking = true;
    peer.ack();
    await begun.delivered;
    expect(await peer.closed).toEqual({ code: 1000, reason: '' });
    expect(await closed).toEqual({ code: 1000, reason: 'leaving', wasClean: true, error: undefined });
  });

  test('gets its last messages to the application first', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    const told: unknown[] = [];
    session.on('message', ({ data }) => told.push(data));
    session.on('close', () => told.push('close'));
    peer.stream(messageFrame('one'), messageFrame('two'), closeFrame());
    await peer.closed;
    expect(told).toEqual(['one', 'two', 'close']);
  });
});

test('terminate ends at once', async () => {
  const { url, sessions, server } = await startServer();
  const peer = await RawPeer.join(url);
  const session = await sessions.next();
  const closed = closeOf(session);
  const sent = session.send('unheard');
  session.terminate();
  session.terminate();
  await expect(sent.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4906 });
  expect(await peer.closed).toEqual({ code: 4906, reason: 'terminated' });
  expect(await closed).toMatchObject({ code: 4906, wasClean: false });
  expect(session.status).toBe('closed');
  expect(server.sessions).toEqual([]);
  await session.close();
  expect(() => {
    session.goAway(1000);
  }).not.toThrow();
});

describe('server.close', () => {
  test('asks all to go, refuses new ones with 1012, still resumes, and is done when all are over', async () => {
    const { url, server, sessions } = await startServer();
    const session = newSession();
    const first = await RawPeer.join(url, session);
    const made = await sessions.next();
    let isClosed = false;
    const closed = server.close({ deadlineMs: 20_000 }).then(() => {
      isClosed = true;
    });
    expect(await first.controls.next()).toEqual({ type: 'goaway', deadlineMs: 20_000 });
    await expect(made.send('new').delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 1001 });

    const stranger = await RawPeer.open(url);
    stranger.hello(newSession());
    expect(await stranger.closed).toEqual({ code: 1012, reason: 'going away' });

    first.cut();
    await expect.poll(() => made.status).toBe('waiting');
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true, received: first.received });
    expect(await back.welcome()).toMatchObject({ result: 'resumed' });
    back.received = first.received;
    expect(isClosed).toBe(false);
    back.stream(closeFrame(1001, 'going away'));
    expect((await back.closed).code).toBe(1000);
    await closed;
    expect(server.stats().sessions).toBe(0);
  });

  test('lets a message that is under way be finished, and fails what was not begun', async () => {
    const { url, server, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    peer.isAcking = false;
    const begun = session.send(new Uint8Array(20_000));
    const queued = session.send('not begun');
    await expect.poll(() => peer.received).toBeGreaterThan(10_000);
    const closed = server.close({ deadlineMs: 1000 });
    peer.stream(Uint8Array.of(1, 5, 0, 0x80, 0x01, 0, 0));
    peer.isAcking = true;
    peer.ack();
    await begun.delivered;
    peer.stream(closeFrame(1001));
    expect((await peer.closed).code).toBe(1000);
    await expect(queued.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await closed;
  });

  test('ends what is left at the deadline with 1012, and refuses connections that said nothing', async () => {
    const { url, server, sessions, clock } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    const silent = await RawPeer.open(url);
    await expect.poll(() => server.stats().arrivingConnections).toBe(1);
    const ended = closeOf(session);
    const closed = server.close({ deadlineMs: 5000 });
    clock.skip(4999);
    expect(session.status).toBe('open');
    clock.skip(1);
    await closed;
    expect(await ended).toMatchObject({ code: 1012, reason: 'going away', wasClean: false });
    expect(await peer.closed).toEqual({ code: 1012, reason: 'going away' });
    expect(await silent.closed).toEqual({ code: 1012, reason: 'going away' });
  });

  test('is done at once where there is nothing, and can be hurried', async () => {
    const idle = await startServer();
    await idle.server.close();
    const { url, server, clock } = await startServer();
    await RawPeer.join(url);
    const slow = server.close({ deadlineMs: 60_000 });
    const hurried = server.close({ deadlineMs: 10 });
    expect(hurried).toBe(slow);
    clock.skip(10);
    await slow;
  });

  test('leaves the client free to go on elsewhere: a lost session is gone, not ended', async () => {
    const { url, server, clock } = await startServer();
    const session = newSession();
    await RawPeer.join(url, session);
    const closed = server.close({ deadlineMs: 0 });
    clock.skip(0);
    await closed;
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true });
    expect(await back.welcome()).toEqual({ version: 1, result: 'gone', received: 0 });
  });
});

test('a session that goes away by itself is ended at its own deadline', async () => {
  const { url, sessions, clock, server } = await startServer();
  const client = new EngineClient();
  await client.connect(url);
  const session = await sessions.next();
  session.goAway(1000);
  session.goAway(5);
  expect(await client.effects.next()).toEqual({ kind: 'goaway', deadlineMs: 1000 });
  clock.skip(1000);
  await expect.poll(() => session.status).toBe('closed');
  await RawPeer.join(url);
  expect(server.stats().sessions).toBe(1);
});

test('a message that is being received when the client gives up is forgotten', async () => {
  const { url, sessions, server } = await startServer();
  const peer = await RawPeer.join(url);
  const session = await sessions.next();
  const received: unknown[] = [];
  session.on('message', ({ data }) => received.push(data));
  peer.stream(dataFrame(new Uint8Array(100), 1, { total: 200 }));
  await expect.poll(() => session.stats().receivedBytes).toBe(peer.sent);
  peer.socket.close(4906);
  await expect.poll(() => server.stats().sessions).toBe(0);
  expect(received).toEqual([]);
});
