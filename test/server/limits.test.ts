import { describe, expect, test } from 'vitest';
import type { ServerSession } from '../../src/server/server-session.ts';
import { newSession, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import type { StartedServer } from '../support/start-server.ts';

/** Makes a session for `auth`, and cuts its connection. */
async function leaveWaiting({ url, sessions }: StartedServer, auth = ''): Promise<ServerSession> {
  const peer = await RawPeer.join(url, newSession(), { auth });
  const session = await sessions.next();
  peer.cut();
  await expect.poll(() => session.status).not.toBe('open');
  return session;
}

async function refusalOf({ url }: StartedServer, auth = ''): Promise<string> {
  const peer = await RawPeer.open(url);
  peer.hello({ ...newSession(), auth });
  const { code, reason } = await peer.closed;
  return `${code} ${reason}`;
}

const authorize = ({ auth }: { auth: unknown }): string => auth as string;

describe('new sessions are refused with 1013', () => {
  test('beyond maxSessions, until one is over; resuming is no new session', async () => {
    const started = await startServer({ maxSessions: 2 });
    const session = newSession();
    await RawPeer.join(started.url, session);
    await RawPeer.join(started.url);
    expect(await refusalOf(started)).toBe('1013 too many sessions');
    const again = await RawPeer.open(started.url);
    again.hello({ ...session, connection: 2 });
    expect(await again.welcome()).toMatchObject({ result: 'resumed' });
    (await started.sessions.next()).terminate();
    const next = await RawPeer.open(started.url);
    next.hello(newSession());
    expect(await next.welcome()).toMatchObject({ result: 'new' });
  });

  test('beyond maxSessionsPerIdentity, for that identity', async () => {
    const started = await startServer({ maxSessionsPerIdentity: 1, authorize });
    await RawPeer.join(started.url, newSession(), { auth: 'alice' });
    expect(await refusalOf(started, 'alice')).toBe('1013 too many sessions of one identity');
    await RawPeer.join(started.url, newSession(), { auth: 'bob' });
    await RawPeer.join(started.url, newSession(), { auth: '' });
    await RawPeer.join(started.url, newSession(), { auth: '' });
    expect(started.server.stats().sessions).toBe(4);
  });

  test('but not where the identity has one that waits: that one is given up', async () => {
    const started = await startServer({ maxSessionsPerIdentity: 2, authorize });
    const oldest = await leaveWaiting(started, 'alice');
    const newer = await leaveWaiting(started, 'alice');
    await RawPeer.join(started.url, newSession(), { auth: 'alice' });
    await expect.poll(() => oldest.status).toBe('closed');
    expect(newer.status).toBe('waiting');
  });

  test('beyond maxNewSessionsPerSecond, until time has passed', async () => {
    const started = await startServer({ maxNewSessionsPerSecond: 2 });
    await RawPeer.join(started.url);
    await RawPeer.join(started.url);
    expect(await refusalOf(started)).toBe('1013 too many new sessions at once');
    started.clock.skip(500);
    await RawPeer.join(started.url);
    expect(await refusalOf(started)).toBe('1013 too many new sessions at once');
  });

  test('while maxWaitingSessions wait, all of them strangers', async () => {
    const started = await startServer({ maxWaitingSessions: 2, authorize });
    await leaveWaiting(started, 'alice');
    const bob = await leaveWaiting(started, 'bob');
    expect(await refusalOf(started, 'mallory')).toBe('1013 too many sessions waiting');
    expect(await refusalOf(started)).toBe('1013 too many sessions waiting');
    await RawPeer.join(started.url, newSession(), { auth: 'bob' });
    await expect.poll(() => bob.status).toBe('closed');
    expect(started.server.stats().waitingSessions).toBe(1);
  });
});

describe('sessions that wait', () => {
  test('push out the oldest of their own identity only', async () => {
    const started = await startServer({ maxWaitingSessions: 2, authorize });
    const { url, sessions } = started;
    // All are there before the first one waits.
    const peers: RawPeer[] = [];
    for (const auth of ['alice', 'bob', 'alice', 'carol']) peers.push(await RawPeer.join(url, newSession(), { auth }));
    const [alice1, bob, alice2, carol] = (await sessions.take(4)) as [
      ServerSession,
      ServerSession,
      ServerSession,
      ServerSession,
    ];
    for (const [index, session] of [alice1, bob, alice2, carol].entries()) {
      peers[index]?.cut();
      await expect.poll(() => session.status).not.toBe('open');
    }
    await expect.poll(() => alice1.status).toBe('closed');
    expect(bob.status).toBe('waiting');
    expect(alice2.status).toBe('waiting');
    // A stranger makes no room: it is the one that is not kept.
    await expect.poll(() => carol.status).toBe('closed');
  });

  test('none may wait where maxWaitingSessions is 0, and new ones still come', async () => {
    const started = await startServer({ maxWaitingSessions: 0 });
    const session = await leaveWaiting(started);
    await expect.poll(() => session.status).toBe('closed');
    await RawPeer.join(started.url);
    expect(started.server.stats()).toMatchObject({ sessions: 1, waitingSessions: 0, tombstones: 1 });
  });

  test('hold no more than maxWaitingBytes in all', async () => {
    const started = await startServer({ maxWaitingBytes: 10_000 });
    const { server } = started;
    const first = await leaveWaiting(started);
    const second = await leaveWaiting(started);
    expect(first.send(new Uint8Array(6000)).state).toBe('queued');
    expect(second.send(new Uint8Array(3000)).state).toBe('queued');
    expect(server.stats().waitingBytes).toBe(9000);
    const fits = second.send(new Uint8Array(1000));
    expect(fits.state).toBe('queued');
    expect(server.stats().waitingBytes).toBe(10_000);
    const over = second.send(new Uint8Array(1));
    await expect(over.delivered).rejects.toMatchObject({ code: 'ERR_BUFFER_FULL' });
    expect(await refusalOf(started)).toBe('1013 too many sessions waiting');
    fits.abort();
    await RawPeer.join(started.url);
    expect(server.stats().waitingBytes).toBe(9000);
  });

  test('that hold nothing and then too much for all of them are not kept', async () => {
    const started = await startServer({ maxWaitingBytes: 10_000 });
    const session = await leaveWaiting(started);
    const transfer = session.send(new Uint8Array(10_001));
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(started.server.stats()).toMatchObject({ sessions: 0, waitingSessions: 0, waitingBytes: 0 });
  });

  test('bring what they hold with them, and give it back when they resume', async () => {
    const started = await startServer({ maxWaitingBytes: 100_000 });
    const { url, server, sessions } = started;
    const session = newSession();
    const peer = await RawPeer.join(url, session);
    const made = await sessions.next();
    peer.isAcking = false;
    const transfer = made.send(new Uint8Array(50_000));
    await expect.poll(() => peer.received).toBeGreaterThan(10_000);
    peer.cut();
    await expect.poll(() => made.status).toBe('waiting');
    // The message, and what of it is in the stream.
    expect(server.stats().waitingBytes).toBeGreaterThan(60_000);
    expect(server.stats().waitingBytes).toBeLessThanOrEqual(100_000);
    const back = await RawPeer.open(url);
    back.hello({ ...session, connection: 2, expected: true });
    await back.welcome();
    expect(server.stats()).toMatchObject({ waitingSessions: 0, waitingBytes: 0 });
    transfer.abort();
  });
});

test('a session holds no more than maxBufferedBytes, but one message of any size', async () => {
  const { url, sessions } = await startServer({ maxBufferedBytes: 1000 });
  const peer = await RawPeer.join(url);
  const made = await sessions.next();
  peer.socket.pause();
  const big = made.send(new Uint8Array(5000));
  const more = made.send(new Uint8Array(1));
  await expect(more.delivered).rejects.toMatchObject({ code: 'ERR_BUFFER_FULL', limitBytes: 1000 });
  peer.socket.resume();
  await big.delivered;
  await made.send(new Uint8Array(1)).delivered;
});
