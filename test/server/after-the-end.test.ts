import { describe, expect, test } from 'vitest';
import type { Incoming } from '../../src/runtime/incoming.ts';
import type { ServerSession } from '../../src/server/server-session.ts';
import { settle } from '../support/manual-clock.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import { closeFrame, dataFrame, messageFrame, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';

interface Ended {
  readonly session: ServerSession;
  readonly told: unknown[];
}

/** Tells of what comes, and of the end. */
function listen(session: ServerSession): unknown[] {
  const told: unknown[] = [];
  session.on('message', ({ data }) => told.push(data));
  session.on('close', ({ wasClean }) => told.push(wasClean ? 'closed' : 'lost'));
  return told;
}

/** A session that the client has closed in order, while the application still reads the first of its messages. */
async function endWhileReading(): Promise<Ended & { first: Incoming }> {
  const { url, sessions } = await startServer();
  const peer = await RawPeer.join(url);
  const session = await sessions.next();
  const told = listen(session);
  const begun: Incoming[] = [];
  session.on('incoming', (incoming) => begun.push(incoming));
  const streams: ReadableStream[] = [];
  const off = session.on('incoming', (incoming) => {
    off();
    streams.push(incoming.stream());
  });
  peer.stream(messageFrame('one'), messageFrame('two'), messageFrame('three'), closeFrame());
  expect(await peer.closed).toEqual({ code: 1000, reason: '' });
  await session.close();
  const [stream] = streams as [ReadableStream];
  return { session, told, first: Object.assign(begun[0] as Incoming, { stream: () => stream }) };
}

describe('what has come whole before the end of a session', () => {
  test('is handed out behind a message that is still being read', async () => {
    const { told, first } = await endWhileReading();
    await settle();
    expect(told).toEqual(['closed']);
    expect(await new Response(first.stream()).text()).toBe('one');
    await expect.poll(() => told).toEqual(['closed', 'two', 'three']);
  });

  test('is not handed out any more after terminate', async () => {
    const { session, told, first } = await endWhileReading();
    session.terminate();
    expect(await new Response(first.stream()).text()).toBe('one');
    await settle();
    expect(told).toEqual(['closed']);
  });

  test('waits for a listener where the client has closed, or was asked to go', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    session.goAway(10_000);
    await peer.controls.next();
    peer.stream(messageFrame('one'), messageFrame('two'), closeFrame(1001));
    await peer.closed;
    await session.close();
    const told = listen(session);
    await expect.poll(() => told).toEqual(['one', 'two']);
  });

  test('is handed out after a violation, but not what is half', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    session.on('error', () => undefined);
    peer.stream(messageFrame('one'));
    peer.stream(dataFrame(new Uint8Array(10), DataFlag.first | DataFlag.total, { total: 100 }));
    await expect.poll(() => session.stats().receivedBytes).toBe(peer.sent);
    peer.socket.send('text');
    expect((await peer.closed).code).toBe(4900);
    await session.close();
    const told = listen(session);
    await expect.poll(() => told).toEqual(['one']);
  });

  test('is thrown away where this side has closed and nobody listens: the credit is the client\u2019s', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url);
    const session = await sessions.next();
    const done = session.close();
    peer.stream(messageFrame('one'), closeFrame());
    await done;
    const told = listen(session);
    await settle();
    expect(told).toEqual([]);
  });
});
