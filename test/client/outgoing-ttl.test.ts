import { describe, expect, test } from 'vitest';
import { ExpiredError } from '../../src/index.ts';
import type { ServerIncoming } from '../../src/server.ts';
import { controlsIn, tellings } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { SkipClock } from '../support/skip-clock.ts';
import { startServer } from '../support/start-server.ts';
import { collect, openScripted, openSocket, outcomeOf } from './support.ts';

const KIB = 1024;

describe('ttlMs', () => {
  test.each([-1, 0.5, NaN, Infinity, '10', null, 2 ** 53, {}])(
    '%j is an OptionError, and nothing is queued',
    (ttlMs) => {
      const { socket } = openScripted();
      const bytes = patternBytes(10).slice();
      expect(() => socket.send(bytes, { ttlMs: ttlMs as number, transfer: true })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', option: 'ttlMs', value: ttlMs }) as Error,
      );
      expect([socket.bufferedAmount, bytes.length]).toEqual([0, 10]);
    },
  );

  test('fails what is not begun in time, without a connection, each at its own time, and nothing of it is sent', async () => {
    const { socket, server, clock } = openScripted({ connectTimeoutMs: 1_000_000 });
    const ends: [string, string, number][] = [];
    const startMs = clock.now();
    const transfers = [300, 100, 200, 0, undefined].map((ttlMs, index) => {
      const transfer = socket.send(`m${index}`, { ttlMs });
      void outcomeOf(transfer.delivered).then((outcome) => {
        ends.push([
          `m${index}`,
          outcome === 'delivered' ? outcome : (outcome as ExpiredError).code,
          clock.now() - startMs,
        ]);
      });
      return transfer;
    });
    for (let count = 0; count < 40; count++) {
      await settle();
      clock.advance(10);
    }
    expect(ends.map(([name, code]) => [name, code])).toEqual([
      ['m3', 'ERR_EXPIRED'],
      ['m1', 'ERR_EXPIRED'],
      ['m2', 'ERR_EXPIRED'],
      ['m0', 'ERR_EXPIRED'],
    ]);
    for (const [index, [, , atMs]] of ends.entries()) {
      const dueMs = [0, 100, 200, 300][index] as number;
      expect(atMs).toBeGreaterThanOrEqual(dueMs);
      expect(atMs).toBeLessThanOrEqual(dueMs + 20);
    }
    expect(await outcomeOf((transfers[0] as (typeof transfers)[number]).delivered)).toBeInstanceOf(ExpiredError);
    server.isAcking = true;
    await server.accept();
    await transfers[4]?.delivered;
    expect(server.received).toBeLessThan(20);
    expect(socket.bufferedAmount).toBe(0);
  });

  test('does not hold for what is begun, however long it takes', async () => {
    const { socket, server, clock } = openScripted();
    const connection = await server.accept();
    const transfer = socket.send(patternBytes(300 * KIB), { ttlMs: 50 });
    const behind = socket.send('behind', { ttlMs: 50 });
    await settle();
    clock.advance(49);
    expect([transfer.state, behind.state]).toEqual(['sending', 'queued']);
    clock.advance(1);
    await settle();
    expect([transfer.state, behind.state]).toEqual(['sending', 'failed']);
    await expect(behind.delivered).rejects.toMatchObject({ code: 'ERR_EXPIRED' });
    clock.advance(5000);
    connection.ack();
    server.isAcking = true;
    await settle();
    clock.advance(0);
    connection.ack();
    await transfer.delivered;
    expect(controlsIn(connection.slices, 'cancel')).toEqual([]);
  });

  test('holds between connections, and not for what the last one began', async () => {
    const { socket, server, clock } = openScripted();
    const first = await server.accept();
    const begun = socket.send(patternBytes(300 * KIB), { ttlMs: 1000 });
    await settle();
    first.end();
    const waiting = socket.send('waiting', { ttlMs: 1000 });
    clock.advance(999);
    await settle();
    expect([begun.state, waiting.state]).toEqual(['sending', 'queued']);
    clock.advance(1);
    await settle();
    expect([begun.state, waiting.state]).toEqual(['sending', 'failed']);
    server.isAcking = true;
    (await server.next()).accept().ack();
    await begun.delivered;
  });

  test('holds for what is queued behind a channel that has no credit, and the rest keeps its order', async () => {
    const { url, sessions } = await startServer();
    const clock = new SkipClock();
    const socket = openSocket(url, { clock });
    const told = tellings<ServerIncoming>(await sessions.next());
    const blocking = socket.send(patternBytes(500 * KIB));
    const message = await told.next();
    const transfers = [undefined, 5000, undefined, 60_000].map((ttlMs, index) => socket.send(`m${index}`, { ttlMs }));
    clock.skip(6000);
    await expect(transfers[1]?.delivered).rejects.toMatchObject({ code: 'ERR_EXPIRED' });
    expect(transfers.map(({ state }) => state)).toEqual(['queued', 'failed', 'queued', 'queued']);
    await message.arrayBuffer();
    const texts: string[] = [];
    for (let count = 0; count < 3; count++) texts.push(await (await told.next()).text());
    expect(texts).toEqual(['m0', 'm2', 'm3']);
    for (const { delivered, state } of [blocking, ...transfers]) if (state !== 'failed') await delivered;
  });

  test('holds while a message waits for the next session', async () => {
    const { socket, server, clock } = openScripted();
    const first = await server.accept();
    const begun = socket.send(patternBytes(300 * KIB), { ttlMs: 1000 });
    const waiting = socket.send('waiting', { ttlMs: 1000 });
    await settle();
    first.end();
    clock.advance(2000);
    const second = await server.next();
    second.forget();
    await settle();
    server.isAcking = true;
    second.answer();
    // What was begun is sent again: it may be there already.
    await begun.delivered;
    await expect(waiting.delivered).rejects.toMatchObject({ code: 'ERR_EXPIRED' });
  });

  test('releases the source, and tells drain', async () => {
    const { socket, clock } = openScripted({ connectTimeoutMs: 1_000_000 });
    const drains = collect(socket, 'drain');
    let isReturned = false;
    const iterator = {
      next: () => new Promise<IteratorResult<Uint8Array>>(() => undefined),
      return: () => {
        isReturned = true;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    };
    const transfer = socket.send({ [Symbol.asyncIterator]: () => iterator } as AsyncIterable<Uint8Array>, {
      ttlMs: 10,
    });
    const copy = socket.send(patternBytes(1000), { ttlMs: 10 });
    await settle();
    expect(socket.bufferedAmount).toBe(1000);
    clock.advance(10);
    await drains.next();
    expect([transfer.state, copy.state, socket.bufferedAmount]).toEqual(['failed', 'failed', 0]);
    await settle();
    expect(isReturned).toBe(true);
  });
});
