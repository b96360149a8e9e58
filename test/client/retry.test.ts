import { describe, expect, test } from 'vitest';
import type { ChunkSocketOptions, TransportClose } from '../../src/index.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { settle } from '../support/manual-clock.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { catchReports, collect, openScripted } from './support.ts';
import type { Scripted } from './support.ts';

/** Codes that end the socket, before the first WELCOME and after it (PROTOCOL.md 14). */
const fatalAlways = [1008, 3000, 3003, 4000, 4001, 4499, 4899, 4901, 4902, 4903, 4904, 4906, 4907, 4909, 4910, 4999];
const fatalBefore = [1002, 1003, 1007, 1010];
const passing = [
  1000, 1001, 1004, 1005, 1006, 1009, 1011, 1012, 1013, 1014, 1015, 1016, 2000, 3001, 3008, 3999, 4905, 4908, 5000,
];

/** Runs out the wait before the next connection, and returns it. */
async function nextConnection({ server, clock }: Scripted, delayMs: number): Promise<ScriptedSocket> {
  clock.advance(delayMs);
  return server.next();
}

/** A session that is up on its first connection, with nothing under way. */
async function openUp(options: ChunkSocketOptions = {}): Promise<Scripted & { connection: ScriptedSocket }> {
  const scripted = openScripted(options);
  return { ...scripted, connection: await scripted.server.accept() };
}

describe('a close before the first WELCOME', () => {
  test.each([...fatalAlways, ...fatalBefore])('with %i is final', async (code) => {
    const { socket, server } = openScripted();
    const closes = collect(socket, 'close');
    const errors = collect(socket, 'error');
    const retries = collect(socket, 'retry');
    const connection = await server.next();
    connection.open();

    connection.end(code, 'because', true);

    expect(closes.items).toMatchObject([
      { code, reason: 'because', wasClean: false, error: { code: 'ERR_HANDSHAKE', closeCode: code } },
    ]);
    expect(errors.items).toEqual([{ error: closes.items[0]?.error }]);
    expect(closes.items[0]?.error?.message).toContain(String(code));
    expect(retries.items).toEqual([]);
    await settle();
    expect(server.sockets).toHaveLength(1);
  });

  test.each(passing)('with %i is tried again, after a delay', async (code) => {
    const { socket, server, clock } = openScripted();
    const retries = collect(socket, 'retry');
    const connection = await server.next();
    connection.open();

    connection.end(code, 'because');

    const close = { code, reason: 'because', wasClean: false };
    expect(retries.items).toEqual([{ attempt: 1, delayMs: 250, close, wasOpen: true }]);
    expect(socket.status).toBe('connecting');
    clock.advance(250);
    (await server.next()).accept();
    expect(socket.status).toBe('open');
  });
});

describe('a close with the session up', () => {
  test.each(fatalAlways)('with %i is final', async (code) => {
    const { socket, connection, server } = await openUp();
    const closes = collect(socket, 'close');

    connection.end(code, 'because', true);

    expect(closes.items).toMatchObject([{ code, reason: 'because', wasClean: false }]);
    await settle();
    expect(server.sockets).toHaveLength(1);
  });

  test.each([...passing, ...fatalBefore])('with %i is survived: the session resumes', async (code) => {
    const { socket, connection, server, clock } = await openUp();
    const resumes = collect(socket, 'resume');
    const transfer = socket.send('on its way');
    await settle();

    connection.end(code);
    clock.advance(30_000);
    const second = await server.accept();

    expect(second.hello).toMatchObject({ connection: 2, expected: true, session: connection.hello.session });
    expect(resumes.items).toMatchObject([{ connections: 2 }]);
    second.ack();
    await transfer.delivered;
  });

  test('4900 is a ProtocolError that the server reports', async () => {
    const { socket, connection } = await openUp();
    const closes = collect(socket, 'close');

    connection.end(4900, 'bad-frame', true);

    expect(closes.items[0]?.error).toMatchObject({ code: 'ERR_PROTOCOL', violation: 'bad-frame', isReceived: true });
  });

  test('4901 never comes back: two tabs cannot evict each other for ever', async () => {
    const { socket, connection, server, clock } = await openUp();
    const closes = collect(socket, 'close');

    connection.end(4901, 'replaced', true);
    clock.advance(3_600_000);
    await settle();

    expect(closes.items).toMatchObject([{ code: 4901 }]);
    expect(server.sockets).toHaveLength(1);
  });
});

describe('shouldRetry', () => {
  test('decides about codes as the application likes', async () => {
    const asked: TransportClose[] = [];
    const scripted = await openUp({
      shouldRetry: (close) => {
        asked.push(close);
        return close.code === 4000 ? true : close.code === 1006 ? false : undefined;
      },
    });
    const closes = collect(scripted.socket, 'close');

    scripted.connection.end(4000, 'app', true);
    const second = (await nextConnection(scripted, 500)).accept();
    second.end(1012, 'restart', true);
    const third = (await nextConnection(scripted, 500)).accept();
    third.end();

    expect(asked.map(({ code }) => code)).toEqual([4000, 1012, 1006]);
    expect(closes.items).toMatchObject([{ code: 1006 }]);
  });

  test('that throws is reported, and leaves it to the SDK', async () => {
    const reports = catchReports();
    const bug = new Error('a bug of the application');
    const scripted = await openUp({
      shouldRetry: () => {
        throw bug;
      },
    });
    const retries = collect(scripted.socket, 'retry');

    scripted.connection.end(1006);
    (await nextConnection(scripted, 500)).accept();

    expect(reports).toEqual([bug]);
    expect(retries.items).toHaveLength(1);
    expect(scripted.socket.status).toBe('open');
  });
});

describe('backoff', () => {
  const base = { retryBaseMs: 500, retryMaxMs: 30_000 };

  /** Delays of so many failures in a row, measured by the clock: the next connection comes then, and not before. */
  async function measure(options: ChunkSocketOptions, failures: number): Promise<number[]> {
    const scripted = openScripted(options);
    const { socket, server, clock } = scripted;
    const retries = collect(socket, 'retry');
    const delays: number[] = [];
    for (let failure = 0; failure < failures; failure++) {
      (await server.next()).end();
      const { delayMs, attempt } = await retries.next();
      expect(attempt).toBe(failure + 1);
      const count = server.sockets.length;
      clock.advance(delayMs - 1);
      await settle();
      expect(server.sockets, 'not before its time').toHaveLength(count);
      clock.advance(1);
      await settle();
      expect(server.sockets, 'at its time').toHaveLength(count + 1);
      delays.push(delayMs);
    }
    return delays;
  }

  test('doubles from retryBaseMs to retryMaxMs', async () => {
    const delays = await measure({ ...base, random: () => 1 - Number.EPSILON }, 9);

    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('has full jitter: anything from nothing to the bound, drawn anew each time', async () => {
    const draws = [0.5, 0.1, 0.9, 0.25, 0.75];
    let index = 0;
    const delays = await measure({ ...base, random: () => draws[index++] ?? 0 }, 5);

    expect(delays).toEqual([250, 100, 1800, 1000, 6000]);
  });

  test('spreads a herd that lost the same server evenly over the first delay', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    console.log(`seed ${seed}`);
    const words = new Uint32Array(patternBytes(4096, seed + 1).buffer);
    const delays = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const { socket, server } = openScripted({ ...base, random: () => (words[index + 100] ?? 0) / 2 ** 32 });
        const retries = collect(socket, 'retry');
        (await server.next()).end();
        return (await retries.next()).delayMs;
      }),
    );

    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => delays.filter((ms) => Math.floor(ms / 50.1) === tenth).length,
    );
    expect(Math.max(...tenths)).toBeLessThan(80);
    expect(Math.min(...tenths)).toBeGreaterThan(10);
  });

  test('goes on over connections that came up and carried nothing', async () => {
    const scripted = await openUp({ random: () => 1 - Number.EPSILON });
    const retries = collect(scripted.socket, 'retry');

    scripted.connection.end();
    for (const delayMs of [500, 1000, 2000]) {
      (await nextConnection(scripted, delayMs)).accept().end();
    }

    expect(retries.items.map(({ delayMs }) => delayMs)).toEqual([500, 1000, 2000, 4000]);
  });

  test('starts anew after a connection that carried data', async () => {
    const scripted = await openUp({ random: () => 1 - Number.EPSILON });
    const retries = collect(scripted.socket, 'retry');
    scripted.connection.end();
    (await nextConnection(scripted, 500)).accept().end();
    const third = (await nextConnection(scripted, 1000)).accept();
    const transfer = scripted.socket.send('data');
    await settle();
    third.ack();
    await transfer.delivered;

    third.end();

    expect(retries.items.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, 500],
      [2, 1000],
      [1, 500],
    ]);
  });

  test('starts anew after a connection that stood for ten seconds', async () => {
    const scripted = await openUp({ random: () => 1 - Number.EPSILON });
    const retries = collect(scripted.socket, 'retry');
    scripted.connection.end();
    const second = (await nextConnection(scripted, 500)).accept();
    scripted.clock.advance(9_999);
    second.end();
    const third = (await nextConnection(scripted, 1000)).accept();
    scripted.clock.advance(10_000);
    third.end();

    expect(retries.items.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
  });

  test('gives up after maxRetries tries in a row', async () => {
    const { socket, server, clock } = openScripted({ maxRetries: 2 });
    const closes = collect(socket, 'close');
    const retries = collect(socket, 'retry');
    const { delivered } = socket.send('waits');

    for (let attempt = 0; attempt < 3; attempt++) {
      if (attempt > 0) clock.advance(clock.delaysMs[0] ?? 0);
      (await server.next()).end();
    }

    expect(retries.items).toHaveLength(2);
    expect(closes.items).toMatchObject([{ code: 1006, wasClean: false, error: { code: 'ERR_HANDSHAKE' } }]);
    await expect(delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', cause: closes.items[0]?.error });
    clock.advance(3_600_000);
    await settle();
    expect(server.sockets).toHaveLength(3);
  });

  test('with maxRetries 0 there is one try', async () => {
    const { socket, server } = openScripted({ maxRetries: 0 });
    const closes = collect(socket, 'close');

    (await server.next()).end();

    expect(closes.items).toMatchObject([{ code: 1006 }]);
  });
});

describe('an immediate reconnect', () => {
  /** Sends a packet over the floor, and answers it with 1009. */
  async function refuse({ socket }: Scripted, connection: ScriptedSocket): Promise<void> {
    socket.send(patternBytes(100_000));
    await settle();
    expect(Math.max(...connection.slices.map((bytes) => bytes.length))).toBeGreaterThan(512);
    connection.end(1009);
  }

  test('follows when something was learned, at most four times a minute', async () => {
    const scripted = await openUp({ random: () => 0.999, retryBaseMs: 10_000 });
    scripted.server.maxPacketBytes = 0;
    const retries = collect(scripted.socket, 'retry');
    await refuse(scripted, scripted.connection);
    for (let time = 1; time < 6; time++) {
      const { delayMs } = retries.items.at(-1) ?? { delayMs: 0 };
      const connection = (await nextConnection(scripted, delayMs)).accept();
      await refuse(scripted, connection);
    }

    const delays = retries.items.map(({ delayMs }) => delayMs);
    expect(delays.slice(0, 4).every((ms) => ms <= 50)).toBe(true);
    expect(delays.slice(4).every((ms) => ms > 1000)).toBe(true);
  });

  test('does not follow a loss that taught nothing', async () => {
    const scripted = await openUp();
    const retries = collect(scripted.socket, 'retry');

    scripted.connection.end(1009);

    expect(retries.items).toMatchObject([{ delayMs: 250 }]);
  });
});

describe('a code that is final, on a connection with a packet over the floor', () => {
  const big = patternBytes(100_000);

  test('is a suspicion first, and final when it comes again', async () => {
    const scripted = await openUp();
    const { socket } = scripted;
    const closes = collect(socket, 'close');
    const retries = collect(socket, 'retry');
    scripted.server.maxPacketBytes = 0;
    socket.send(big);
    await settle();

    scripted.connection.end(1008, 'policy', true);
    const second = (await nextConnection(scripted, 500)).accept();
    await settle();
    const sizes = second.slices.map((bytes) => bytes.length);
    second.end(1008, 'policy', true);

    expect(retries.items).toMatchObject([{ close: { code: 1008 } }]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4096);
    expect(closes.items).toMatchObject([{ code: 1008, error: { code: 'ERR_HANDSHAKE' } }]);
  });

  test('is forgotten when smaller packets pass', async () => {
    const scripted = await openUp();
    const { socket, server } = scripted;
    server.maxPacketBytes = 8192;
    const closes = collect(socket, 'close');
    const transfer = socket.send(big);
    await settle();
    scripted.connection.end(4002, '', true);
    server.isAcking = true;
    const second = (await nextConnection(scripted, 500)).accept();

    await transfer.delivered;

    expect(second.hello.connection).toBe(2);
    expect(closes.items).toEqual([]);
    expect(socket.status).toBe('open');
  });

  test('is final at once with nothing big under way', async () => {
    const { socket, connection } = await openUp();
    const closes = collect(socket, 'close');
    socket.send('small');
    await settle();

    connection.end(1008, 'policy', true);

    expect(closes.items).toMatchObject([{ code: 1008 }]);
  });
});
