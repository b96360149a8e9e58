import { describe, expect, test } from 'vitest';
import type { ChunkSocketOptions, Transfer } from '../../../src/index.ts';
import { settle } from '../../support/manual-clock.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { slowClock } from '../../support/slow-clock.ts';
import { collect, openSocket, outcomeOf } from '../support.ts';
import { comeBack, openUp, startPlain } from './support.ts';

/** A busy machine is later with its 1009 than the 250 ms after which a message counts as accepted. */
const SLOWNESS = 4;

const tooBig = { name: 'MessageTooBigError', code: 'ERR_MESSAGE_TOO_BIG' };

/** A socket to a server of `ws` that takes messages of at most 1000 bytes, and what it got. */
async function openLimited(options: ChunkSocketOptions = {}): Promise<{
  send: (bytes: number, name: string, priority?: 'high' | 'low') => Transfer;
  socket: ReturnType<typeof openSocket>;
  got: () => string[];
  connectionCount: () => number;
}> {
  const { url, messages, requests } = await startPlain({ maxPayload: 1000 });
  const socket = openSocket(url, { mode: 'plain', clock: slowClock(SLOWNESS), ...options });
  return {
    socket,
    // Told apart by name, and of the size that is asked for.
    send: (bytes, name, priority) => socket.send(name.padEnd(bytes, '.'), { priority }),
    got: () => messages.items.map((message) => String(message).replace(/\.+$/, '')),
    connectionCount: () => requests.length,
  };
}

/** How each of them came out. */
async function outcomes(transfers: readonly Transfer[]): Promise<unknown[]> {
  const all = await Promise.all(transfers.map(({ delivered }) => outcomeOf(delivered)));
  return all.map((outcome) => (typeof outcome === 'string' ? outcome : (outcome as { code: string }).code));
}

describe('with a ws server of maxPayload 1000', () => {
  test('exactly the message that is too big fails; what is before and behind it arrives once', async () => {
    const { send, got, connectionCount } = await openLimited();
    const sizes = [400, 500, 1001, 400, 600, 1, 900, 512];
    const transfers = sizes.map((bytes, index) => send(bytes, `m${index}`));

    const ends = await outcomes(transfers);

    expect(ends.map((end) => end === 'delivered')).toEqual([true, true, false, true, true, true, true, true]);
    expect(got()).toEqual(['m0', 'm1', 'm3', 'm4', 'm5', 'm6', 'm7']);
    expect(await outcomeOf((transfers[2] as Transfer).delivered)).toMatchObject({ ...tooBig, sizeBytes: 1001 });
    expect(connectionCount()).toBe(2);
  });

  test('of several at once that are too big each fails by its own size, and nothing comes twice', async () => {
    const { send, got, socket } = await openLimited();
    const sizes = [3000, 100, 2000, 1500, 100, 1001, 1000, 100];
    const transfers = sizes.map((bytes, index) => send(bytes, `m${index}`));

    const ends = await outcomes(transfers);

    const big = 'ERR_MESSAGE_TOO_BIG';
    expect(ends).toEqual([big, 'delivered', big, big, 'delivered', big, 'delivered', 'delivered']);
    expect(got()).toEqual(['m1', 'm4', 'm6', 'm7']);
    expect(socket.stats()).toMatchObject({ limitBytes: 1000, limitFloorBytes: 1000, limitCeilingBytes: 1001 });
  });

  test('what is over the learned limit is refused at once, in one line with the way out', async () => {
    const { send, socket, connectionCount } = await openLimited();
    await outcomes([send(700, 'known'), send(1200, 'big')]);
    const retries = collect(socket, 'retry');

    const over = send(1200, 'again');
    const larger = send(5000, 'larger');

    expect([over.state, larger.state]).toEqual(['failed', 'failed']);
    const error = (await outcomeOf(larger.delivered)) as Error & { hint: string };
    expect(error).toMatchObject({ ...tooBig, sizeBytes: 5000, limitBytes: 1199 });
    expect(error.message).toBe('Message of 5000 bytes is over the learned limit 1199.');
    expect(error.hint).toContain('1009 on 1200 bytes');
    expect(error.hint).toContain('700 are known to pass');
    expect(error.hint).toContain('chunksocket/server');
    // What is smaller may be tried.
    expect(await outcomes([send(1100, 'smaller'), send(1000, 'fits')])).toEqual(['ERR_MESSAGE_TOO_BIG', 'delivered']);
    expect([retries.items.length, connectionCount()]).toEqual([1, 3]);
  });

  test('a Blob and a stream that are too big fail alone as well', async () => {
    const { socket, send, got } = await openLimited();
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 4; count++) {
        await Promise.resolve();
        yield patternBytes(300);
      }
    }
    const blob = socket.send(new Blob([patternBytes(5000)]));
    const streamed = socket.send(stream());
    const last = send(10, 'last');

    const ends = await outcomes([blob, streamed, last]);

    expect(ends).toEqual(['ERR_MESSAGE_TOO_BIG', 'ERR_MESSAGE_TOO_BIG', 'delivered']);
    expect(got()).toEqual(['last']);
    // Once the limit is known, no more of a stream is read than that.
    const again = socket.send(stream());
    expect(await outcomeOf(again.delivered)).toMatchObject({ ...tooBig, sizeBytes: undefined, limitBytes: 1199 });
  });

  test('what was aborted behind it is not sent again, and its own abort leaves the blame where it is', async () => {
    const { send, got } = await openLimited();
    const big = send(2000, 'big');
    const behind = send(100, 'behind');
    const dropped = send(100, 'dropped');
    await settle();
    big.abort();
    dropped.abort();

    expect(await outcomes([big, behind, dropped])).toEqual(['ERR_ABORTED', 'delivered', 'ERR_ABORTED']);
    expect(await outcomes([send(2000, 'again')])).toEqual(['ERR_MESSAGE_TOO_BIG']);
    // The abort came too late for what was on its way on the first connection, and was refused with it.
    expect(got().filter((name) => name === 'behind')).toEqual(['behind']);
  });
});

describe('one message above all known sizes at a time', () => {
  test('holds larger ones up until it is accepted; smaller ones follow it, in order', async () => {
    const { socket, connection, clock } = await openUp();
    for (const bytes of [512, 1000, 512, 2000, 10]) socket.send(patternBytes(bytes));
    await settle();
    const sizes = (): number[] => connection.sent.map(({ length }) => length);
    expect(sizes()).toEqual([512, 1000, 512]);
    clock.advance(250);
    expect(sizes()).toEqual([512, 1000, 512, 2000, 10]);
    expect(socket.stats()).toMatchObject({ limitFloorBytes: 1000, limitBytes: Infinity, limitCeilingBytes: Infinity });
  });

  test('and a 1009 means that one: before it is accepted, behind it is sent again, first', async () => {
    const scripted = await openUp();
    const { socket, connection } = scripted;
    const before = socket.send('before');
    const big = socket.send(patternBytes(1000));
    const behind = socket.send('behind');
    const low = socket.send('low', { priority: 'low' });
    await settle();
    const urgent = socket.send('urgent', { priority: 'high' });
    const retries = collect(socket, 'retry');

    connection.end(1009, 'too big', true);

    expect([before.state, big.state, behind.state, low.state]).toEqual(['delivered', 'failed', 'queued', 'queued']);
    expect([behind.ackedBytes, low.ackedBytes, socket.bufferedAmount]).toEqual([0, 0, 6 + 3 + 6]);
    // Something was learned: it is worth coming back at once.
    expect(retries.items).toMatchObject([{ attempt: 1, delayMs: 25, wasOpen: true }]);
    const next = await comeBack(scripted);
    await settle();
    expect(next.sent).toEqual(['urgent', 'behind', 'low']);
    expect([behind.ackedBytes, urgent.state, socket.stats().resentBytes]).toEqual([6, 'sending', 9]);
  });
});

test('what was aborted while it was under way is not sent again', async () => {
  const scripted = await openUp();
  const { socket, connection } = scripted;
  socket.send(patternBytes(1000));
  const dropped = socket.send('dropped');
  const behind = socket.send('behind');
  await settle();
  dropped.abort();
  connection.end(1009);
  const next = await comeBack(scripted);
  await settle();
  expect([next.sent, dropped.state, behind.state]).toEqual([['behind'], 'failed', 'sending']);
});

describe('a 1009', () => {
  test('on the first message of all means that one, however small', async () => {
    const { socket, connection } = await openUp();
    const only = socket.send(patternBytes(200));
    await settle();
    connection.end(1009);
    expect(await outcomeOf(only.delivered)).toMatchObject({ ...tooBig, sizeBytes: 200 });
    expect(socket.stats()).toMatchObject({ limitFloorBytes: 199, limitBytes: 199 });
  });

  test('that comes after its message has counted as accepted blames no other, and the next such message is found out', async () => {
    const scripted = await openUp();
    const { socket, connection, clock } = scripted;
    const errors = collect(socket, 'error');
    const retries = collect(socket, 'retry');
    const late = socket.send(patternBytes(5000));
    await settle();
    clock.advance(250);
    expect(late.state).toBe('delivered');
    const small = socket.send('small');
    await settle();

    connection.end(1009);

    expect(await outcomeOf(small.delivered)).toMatchObject({ code: 'ERR_SESSION_LOST' });
    expect(errors.items).toMatchObject([{ error: { ...tooBig, sizeBytes: undefined, limitBytes: 4999 } }]);
    expect(retries.items).toMatchObject([{ delayMs: 25 }]);
    expect(socket.stats()).toMatchObject({ limitFloorBytes: 512, limitBytes: 4999 });
    const next = await comeBack(scripted);
    const again = [socket.send('small'), socket.send(patternBytes(4000)), socket.send('behind')];
    await settle();
    expect(next.sent.length).toBe(3);
    next.end(1009);
    expect(again.map(({ state }) => state)).toEqual(['delivered', 'failed', 'queued']);
    expect(socket.stats()).toMatchObject({ limitFloorBytes: 512, limitBytes: 3999 });
  });

  test('late, with nothing else under way, is told as well', async () => {
    const { socket, connection, clock } = await openUp();
    const errors = collect(socket, 'error');
    socket.send(patternBytes(600));
    await settle();
    clock.advance(250);
    connection.end(1009);
    expect(errors.items).toMatchObject([{ error: { ...tooBig, limitBytes: 599 } }]);
    expect(socket.send(patternBytes(600)).state).toBe('failed');
  });

  test('with nothing under way is a loss like any other, and fails nothing', async () => {
    const scripted = await openUp();
    const { socket, connection } = scripted;
    const retries = collect(socket, 'retry');
    connection.end(1009);
    expect(retries.items).toMatchObject([{ attempt: 1, delayMs: 250 }]);
    expect(socket.stats().limitBytes).toBe(Infinity);
  });

  test('on every message is told of each, and never loops', async () => {
    const scripted = await openUp();
    const { socket, server } = scripted;
    let { connection } = scripted;
    const first = [5, 4, 3, 2, 1, 0].map((bytes) => socket.send('x'.repeat(bytes)));
    await settle();
    connection.end(1009);
    connection = await comeBack(scripted);
    // From here on each is tried alone.
    const second = [5, 4, 3, 2, 1, 0].map((bytes) => socket.send('x'.repeat(bytes)));
    for (let count = 0; count < 6; count++) {
      await settle();
      connection.end(1009);
      connection = await comeBack(scripted);
    }
    expect(await outcomes(first)).toEqual(first.map(() => 'ERR_SESSION_LOST'));
    expect(await outcomes(second)).toEqual(second.map(() => 'ERR_MESSAGE_TOO_BIG'));
    expect([server.sockets.length, socket.bufferedAmount]).toEqual([8, 0]);
  });
});
