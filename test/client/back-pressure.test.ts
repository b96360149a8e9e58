import { describe, expect, onTestFinished, test } from 'vitest';
import type { Transfer } from '../../src/index.ts';
import type { ServerIncoming } from '../../src/server.ts';
import { streamOf, tellings } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { collect, openPair, openScripted, outcomeOf } from './support.ts';

const KIB = 1024;

/** How `ready` stands now. */
async function stateOf(ready: Promise<void>): Promise<string> {
  const state = ready.then(
    () => 'fulfilled',
    () => 'rejected',
  );
  return Promise.race([state, settle().then(() => 'pending')]);
}

/** Rejections that nobody handled while the test ran. */
function catchUnhandled(): unknown[] {
  const caught: unknown[] = [];
  const listener = (reason: unknown): void => void caught.push(reason);
  process.on('unhandledRejection', listener);
  onTestFinished(() => {
    process.off('unhandledRejection', listener);
  });
  return caught;
}

describe('ready', () => {
  test('is fulfilled up to half of maxBufferedBytes, to the byte, and pending above', async () => {
    const { socket } = openScripted({ maxBufferedBytes: 1000 });
    expect(await stateOf(socket.ready)).toBe('fulfilled');
    socket.send(patternBytes(500));
    expect(await stateOf(socket.ready)).toBe('fulfilled');
    const one = socket.send('x');
    const { ready } = socket;
    expect(await stateOf(ready)).toBe('pending');
    expect(socket.ready).toBe(ready);
    one.abort();
    await ready;
    expect(await stateOf(socket.ready)).toBe('fulfilled');
  });

  test('is fulfilled when half is delivered', async () => {
    const { socket, server } = openScripted({ maxBufferedBytes: 100 * KIB });
    const connection = await server.accept();
    const transfers = [60, 30, 10].map((size) => socket.send(patternBytes(size * KIB)));
    const { ready } = socket;
    expect(await stateOf(ready)).toBe('pending');
    server.isAcking = true;
    connection.ack();
    await ready;
    await transfers[0]?.delivered;
    expect(socket.bufferedAmount).toBeLessThanOrEqual(50 * KIB);
  });

  test('does not wait for Blobs and streams, which are not kept in memory', async () => {
    const { socket } = openScripted({ maxBufferedBytes: 1000 });
    socket.send(new Blob([patternBytes(10_000)]));
    socket.send(streamOf([patternBytes(10_000)]));
    expect(await stateOf(socket.ready)).toBe('fulfilled');
    expect(socket.bufferedAmount).toBe(10_000);
  });

  test('waits where many small messages do', async () => {
    const { socket } = openScripted({ maxBufferedBytes: 200 * 512 });
    for (let count = 0; count < 164; count++) socket.send('');
    expect(await stateOf(socket.ready)).toBe('fulfilled');
    const last = socket.send('');
    expect(await stateOf(socket.ready)).toBe('pending');
    last.abort();
    expect(await stateOf(socket.ready)).toBe('fulfilled');
  });

  test.each(['before', 'after'] as const)(
    'is rejected with ClosedError by a close that came %s it was asked for',
    async (when) => {
      const unhandled = catchUnhandled();
      for (const isFull of [true, false]) {
        const { socket, server, clock } = openScripted({ maxBufferedBytes: 1000 });
        await server.accept();
        if (isFull) socket.send(patternBytes(1000));
        // Not looked at by anybody.
        void socket.ready;
        const early = when === 'after' && isFull ? socket.ready : undefined;
        void socket.close(4000, 'bye', { drainMs: 0 });
        const ready = early ?? socket.ready;
        await expect(ready).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4000, reason: 'bye' });
        clock.advance(1);
        await settle();
        expect(socket.status).toBe('closed');
        await expect(socket.ready).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4000 });
        void socket.ready;
      }
      await settle();
      expect(unhandled).toEqual([]);
    },
  );

  test('is rejected when the server closes, and at a session that is terminated', async () => {
    const { socket, session } = await openPair({ server: { maxBufferedBytes: 1000 } });
    session.send(patternBytes(1000));
    const ofSession = outcomeOf(session.ready);
    const closes = collect(socket, 'close');
    session.terminate();
    expect(await ofSession).toMatchObject({ code: 'ERR_CLOSED' });
    await expect(session.ready).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await closes.next();
    await expect(socket.ready).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('keeps a producer at the pace of whoever reads', async () => {
    const { socket, session } = await openPair({ client: { maxBufferedBytes: 256 * KIB } });
    let received = 0;
    session.on('message', ({ data }) => {
      received += (data as Uint8Array).length;
    });
    let most = 0;
    const transfers: Transfer[] = [];
    for (let count = 0; count < 300; count++) {
      await socket.ready;
      transfers.push(socket.send(patternBytes(20_000)));
      most = Math.max(most, socket.bufferedAmount);
    }
    await Promise.all(transfers.map(({ delivered }) => delivered));
    expect(most).toBeLessThanOrEqual(128 * KIB + 20_000);
    expect(most).toBeGreaterThan(64 * KIB);
    await expect.poll(() => received).toBe(300 * 20_000);
  });
});

describe('bufferedAmount', () => {
  test('is what is not acknowledged, queued or sent, to the byte', async () => {
    const { socket, server } = openScripted();
    socket.send('\u20ac\u20ac');
    socket.send(patternBytes(100));
    socket.send(new Blob([patternBytes(1000)]));
    socket.send(patternBytes(10), { channel: 'other' });
    expect(socket.bufferedAmount).toBe(6 + 100 + 1000 + 10);
    expect(socket.stats().bufferedBytes).toBe(1116);
    const connection = await server.accept();
    await settle();
    expect(socket.bufferedAmount).toBe(1116);
    connection.ack();
    await expect
      .poll(() => {
        connection.ack();
        return socket.bufferedAmount;
      })
      .toBe(0);
  });

  test('counts of a stream what was sent', async () => {
    const { socket, server } = openScripted();
    async function* two(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(patternBytes(100));
      yield await gate;
    }
    let open: (bytes: Uint8Array) => void = () => undefined;
    const gate = new Promise<Uint8Array>((resolve) => {
      open = resolve;
    });
    const transfer = socket.send(two());
    expect(socket.bufferedAmount).toBe(0);
    const connection = await server.accept();
    await settle();
    expect(socket.bufferedAmount).toBe(100);
    connection.ack();
    expect([socket.bufferedAmount, transfer.ackedBytes]).toEqual([0, 100]);
    open(patternBytes(50));
    await settle();
    expect(socket.bufferedAmount).toBe(50);
    transfer.abort();
    expect(socket.bufferedAmount).toBe(0);
  });

  test('and the memory that is counted come back from everything that fails', async () => {
    const { socket, clock, server } = openScripted({ maxBufferedBytes: 1000 });
    await server.accept();
    for (let count = 0; count < 50; count++) {
      const aborted = socket.send(patternBytes(400));
      const expired = socket.send(patternBytes(400), { ttlMs: 5, channel: 'other' });
      const full = socket.send(patternBytes(400));
      expect(await outcomeOf(full.delivered)).toMatchObject({ code: 'ERR_BUFFER_FULL' });
      aborted.abort();
      clock.advance(5);
      // What was begun does not expire.
      expired.abort();
      await settle();
      expect(socket.bufferedAmount).toBe(0);
    }
    const fits = socket.send(patternBytes(1000));
    expect(fits.state).toBe('queued');
  });
});

describe('at the limit', () => {
  test('the last byte fits, one more is BufferFullError, and nothing queued is lost; at the server as well', async () => {
    const { socket, session } = await openPair({ server: { maxBufferedBytes: 1000 } });
    const told = tellings<ServerIncoming>(socket as never);
    const fits = [session.send(patternBytes(999)), session.send('x')];
    const over = session.send('y');
    expect(await outcomeOf(over.delivered)).toMatchObject({
      code: 'ERR_BUFFER_FULL',
      sizeBytes: 1,
      bufferedBytes: 1000,
      limitBytes: 1000,
    });
    expect((await (await told.next()).arrayBuffer()).byteLength).toBe(999);
    expect(await (await told.next()).text()).toBe('x');
    await Promise.all(fits.map(({ delivered }) => delivered));
    await session.send(patternBytes(1000)).delivered.finally(() => undefined);
  });

  test('a stream that does not fit is cancelled', async () => {
    const { socket } = openScripted({ maxBufferedBytes: 1000 });
    socket.send(patternBytes(1001));
    let reason: unknown = 'not cancelled';
    const stream = new ReadableStream<Uint8Array>({
      cancel: (given) => {
        reason = given;
      },
    });
    const transfer = socket.send(stream);
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_BUFFER_FULL', sizeBytes: 0 });
    await settle();
    expect(reason).toBeUndefined();
  });

  test('drain is told once when everything is settled, failed or not', async () => {
    const { socket, server } = openScripted({ maxBufferedBytes: 1000 });
    const drains = collect(socket, 'drain');
    const first = socket.send(patternBytes(600));
    const second = socket.send(patternBytes(400));
    expect(await outcomeOf(socket.send('over').delivered)).toMatchObject({ code: 'ERR_BUFFER_FULL' });
    second.abort();
    await settle();
    expect(drains.items).toEqual([]);
    server.isAcking = true;
    await server.accept();
    await first.delivered;
    await settle();
    expect(drains.items).toEqual([{ bufferedBytes: 0 }]);
  });
});
