import { describe, expect, test } from 'vitest';
import { CancelledError, MessageTooBigError } from '../../src/index.ts';
import type { ChunkSocketOptions, Incoming } from '../../src/index.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import { countAlive } from '../support/collect-garbage.ts';
import { controlsIn, frame, last, readAll, start, tellings, whole } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import { collect, openScripted } from './support.ts';
import type { Scripted } from './support.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import type { Inbox } from '../support/inbox.ts';

interface Opened extends Scripted {
  readonly connection: ScriptedSocket;
  readonly told: Inbox<Incoming>;
}

async function open(options: ChunkSocketOptions = {}): Promise<Opened> {
  const scripted = openScripted(options);
  const told = tellings<Incoming>(scripted.socket);
  return { ...scripted, told, connection: await scripted.server.accept() };
}

function cancel(code: number, reason: string, { channel = 0, ordinal = 0 } = {}): Uint8Array {
  return encodeControl({ type: 'cancel', channel, ordinal, code, reason });
}

const manners: [string, (message: Incoming) => Promise<unknown>][] = [
  ['text', (message) => message.text()],
  ['arrayBuffer', (message) => message.arrayBuffer()],
  ['blob', (message) => message.blob()],
  ['stream', async (message) => readAll(message.stream())],
];

/** What it failed with. */
function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'did not fail',
    (error: unknown) => error,
  );
}

describe('a message that its sender gives up', () => {
  test.each([
    [0, 'aborted'],
    [1, 'source-failed'],
    [2, 'expired'],
    [3, 'closing'],
    [4, 'aborted'],
    [1000, 'aborted'],
  ])('with code %i fails as %s, with the reason', async (code, by) => {
    for (const [, take] of manners) {
      const { connection, told } = await open();
      connection.stream(start('abc', { text: true }));
      const message = await told.next();
      const failure = failureOf(take(message));
      connection.stream(frame('def'), cancel(code, 'be\u00adcause'));
      const error = await failure;
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ code: 'ERR_CANCELLED', by, reason: 'be\u00adcause' });
      expect((error as Error).message).toContain(by);
      expect(message).toMatchObject({ state: 'failed', receivedBytes: 6, totalBytes: undefined });
    }
  });

  test.each(manners)('before anybody has taken it fails all the same, by %s', async (_name, take) => {
    const { connection, told } = await open();
    connection.stream(start('abc', { text: true }), whole('other', { channel: 1, name: 'c' }));
    const message = await told.next();
    connection.stream(cancel(0, 'gone'));
    await settle();
    expect(message.state).toBe('failed');
    expect(await failureOf(take(message))).toMatchObject({ code: 'ERR_CANCELLED', by: 'aborted', reason: 'gone' });
    expect(await failureOf(take(message))).toBeInstanceOf(TypeError);
    expect(await (await told.next()).text()).toBe('other');
  });

  test('before anybody has taken it can be rejected, which changes nothing', async () => {
    const { connection, told } = await open();
    connection.stream(start('abc'));
    const message = await told.next();
    connection.stream(cancel(0, ''));
    message.reject('no');
    await settle();
    expect(controlsIn(connection.slices, 'reject')).toEqual([]);
    connection.stream(whole('next'));
    expect(await (await told.next()).text()).toBe('next');
  });

  test('was never there for the listeners of message, and costs the others nothing', async () => {
    for (const binaryType of ['arraybuffer', 'blob'] as const) {
      const { socket, server } = openScripted({ binaryType });
      const connection = await server.accept();
      const messages = collect(socket, 'message');
      connection.stream(start('gone'), start('here', { channel: 1, name: 'c', text: true }));
      await settle();
      connection.stream(cancel(0, ''), whole('next'), last('!', { channel: 1 }));
      expect((await messages.take(2)).map(({ data }) => data)).toEqual(['next', 'here!']);
      await settle();
      expect(messages.items).toEqual([]);
    }
  });

  test('when all of it is here is there all the same', async () => {
    const { connection, told } = await open();
    connection.stream(whole('one'), cancel(0, 'too late'));
    const message = await told.next();
    expect(message.state).toBe('received');
    expect(await message.text()).toBe('one');
  });

  test('loses what was not read of it', async () => {
    const { connection, told } = await open();
    connection.stream(start(5000));
    const reader = (await told.next()).stream().getReader();
    expect((await reader.read()).value).toHaveLength(5000);
    connection.stream(frame(5000));
    connection.stream(cancel(0, 'gone'));
    await expect(reader.read()).rejects.toMatchObject({ by: 'aborted' });
    await expect(reader.closed).rejects.toMatchObject({ by: 'aborted' });
  });
});

describe('a message over a limit', () => {
  const limits = { maxMessageBytes: 1000, maxStreamBytes: 2000 };

  test.each([
    ['text', 1000],
    ['arrayBuffer', 1000],
    ['blob', 2000],
    ['stream', 2000],
  ])('taken by %s may have %i bytes, and fails with one more', async (name, limitBytes) => {
    const [, take] = manners.find(([manner]) => manner === name) as (typeof manners)[number];
    for (const size of [limitBytes, limitBytes + 1]) {
      // What says that it is over the limit of streams is refused before anybody hears of it.
      for (const total of size > 2000 ? [undefined] : [undefined, size]) {
        for (const isSplit of [true, false]) {
          const { connection, told } = await open(limits);
          connection.stream(start(900, total === undefined ? {} : { total }));
          const taken = take(await told.next());
          const failure = failureOf(taken);
          if (isSplit) {
            connection.stream(frame(size - 901));
            await settle();
            connection.stream(last(1));
          } else {
            connection.stream(last(size - 900));
          }
          if (size === limitBytes) {
            expect(await failure).toBe('did not fail');
            continue;
          }
          const error = await failure;
          expect(error).toBeInstanceOf(MessageTooBigError);
          expect(error).toMatchObject({ sizeBytes: size, limitBytes });
          await settle();
          expect(controlsIn(connection.slices, 'reject')).toMatchObject([{ ordinal: 0, code: 1, value: limitBytes }]);
          connection.stream(whole('next'));
          expect(await (await told.next()).text()).toBe('next');
        }
      }
    }
  });

  test('fails without a size where the end is not known', async () => {
    for (const [name, take] of manners) {
      const { connection, told } = await open(limits);
      connection.stream(start(900));
      const failure = failureOf(take(await told.next()));
      connection.stream(frame(1101), frame(1));
      const limitBytes = name === 'text' || name === 'arrayBuffer' ? 1000 : 2000;
      expect(await failure).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', sizeBytes: undefined, limitBytes });
    }
  });

  test('is refused for the listeners of message as soon as that is known, and the next ones come', async () => {
    for (const binaryType of ['arraybuffer', 'blob', 'uint8array'] as const) {
      for (const total of [undefined, 1500]) {
        const { socket, server } = openScripted({ ...limits, binaryType });
        const connection = await server.accept();
        const messages = collect(socket, 'message');
        connection.stream(start(900, total === undefined ? {} : { total }));
        await settle();
        expect(controlsIn(connection.slices, 'reject')).toHaveLength(total === undefined ? 0 : 1);
        connection.stream(frame(101));
        await settle();
        expect(controlsIn(connection.slices, 'reject')).toMatchObject([{ code: 1, value: 1000 }]);
        connection.stream(frame(400), cancel(0, ''), whole('next'));
        expect(await messages.next()).toMatchObject({ data: 'next' });
        expect(messages.items).toEqual([]);
      }
    }
  });

  test('is refused for the listeners of message where it came whole in one packet', async () => {
    for (const binaryType of ['arraybuffer', 'blob', 'uint8array'] as const) {
      const { socket, server } = openScripted({ ...limits, binaryType });
      const connection = await server.accept();
      const messages = collect(socket, 'message');
      connection.stream(whole(1000), whole(1001), whole('next'));
      await messages.next();
      expect(await messages.next()).toMatchObject({ data: 'next' });
      await settle();
      expect(messages.items).toEqual([]);
      expect(controlsIn(connection.slices, 'reject')).toMatchObject([{ ordinal: 1, code: 1, value: 1000 }]);
    }
  });

  test('that nobody has taken fails over the limit of streams', async () => {
    const { connection, told } = await open(limits);
    connection.stream(start(1900));
    const message = await told.next();
    connection.stream(frame(101), frame(1));
    await settle();
    expect(message.state).toBe('failed');
    expect(await failureOf(message.text())).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', limitBytes: 2000 });
  });

  test('waits while nobody listens, and goes on when somebody does', async () => {
    const { socket, server } = openScripted({ maxMessageBytes: 1000 });
    const connection = await server.accept();
    connection.stream(start(16_000, { total: 100_000 }));
    await settle();
    expect(controlsIn(connection.slices, 'credit')).toEqual([]);
    const told = tellings<Incoming>(socket);
    const stream = (await told.next()).stream();
    const reader = stream.getReader();
    expect((await reader.read()).value).toHaveLength(16_000);
    await settle();
    expect(controlsIn(connection.slices, 'credit')).toMatchObject([{ channel: 0, limit: 16_000 + 16_384 }]);
  });
});

describe('progress', () => {
  test('is told at most every 50 ms, and once at the end', async () => {
    const { connection, told, clock } = await open();
    connection.stream(start(100, { total: 10_000 }));
    const message = await told.next();
    const seen: unknown[] = [];
    message.on('progress', (progress) => seen.push({ ...progress, atMs: clock.now() }));
    const taken = message.arrayBuffer();
    const startMs = clock.now();
    for (let count = 0; count < 11; count++) {
      clock.advance(10);
      connection.stream(frame(100));
    }
    connection.stream(last(8800));
    await taken;
    const rest = { totalBytes: 10_000 };
    expect(seen).toEqual([
      { ...rest, receivedBytes: 200, bytesPerSecond: 0, atMs: startMs + 10 },
      { ...rest, receivedBytes: 700, bytesPerSecond: 10_000, atMs: startMs + 60 },
      { ...rest, receivedBytes: 1200, bytesPerSecond: 10_000, atMs: startMs + 110 },
      { ...rest, receivedBytes: 10_000, bytesPerSecond: 10_000, atMs: startMs + 110 },
    ]);
  });

  test('is told once of a message that came in one piece, and of an empty one', async () => {
    for (const size of [100, 0]) {
      const { socket, server } = openScripted();
      const connection = await server.accept();
      const seen: unknown[] = [];
      socket.on('incoming', (message) => {
        message.on('progress', (progress) => seen.push(progress));
      });
      connection.stream(whole(size));
      await settle();
      expect(seen).toEqual([{ receivedBytes: size, totalBytes: size, bytesPerSecond: 0 }]);
    }
  });

  test('can be left, and what a listener throws breaks nothing', async () => {
    const { connection, told, clock } = await open();
    connection.stream(start(100));
    const message = await told.next();
    let count = 0;
    const off = message.on('progress', () => {
      count++;
      off();
    });
    connection.stream(frame(100));
    clock.advance(1000);
    connection.stream(last(100));
    await settle();
    expect(count).toBe(1);
  });
});

describe('the end of the session', () => {
  test.each<[string, (opened: Opened) => unknown]>([
    [
      'closed by the client, without time for more',
      ({ socket, clock }) => {
        void socket.close(1000, '', { drainMs: 0 });
        clock.advance(1);
      },
    ],
    [
      'given up by the server',
      ({ connection }) => {
        connection.end(4906, 'terminated', true);
      },
    ],
    [
      'a violation',
      ({ connection }) => {
        connection.deliver(new Uint8Array());
      },
    ],
    [
      'forgotten by the server',
      async ({ connection, server, clock }) => {
        connection.end();
        clock.advance(1000);
        (await server.next()).forget();
      },
    ],
  ])('%s: what is half here fails, what is whole can still be read', async (_name, end) => {
    const opened = await open();
    const { connection, told } = opened;
    const channel = (number: number): object => ({ channel: number, name: `c${number}` });
    connection.stream(...[1, 2, 3].map((number) => start('half', { ...channel(number), text: true })));
    connection.stream(...[4, 5, 6].map((number) => whole('whole', channel(number))));
    const [stream, text, open1, ofWhole, asText, open2] = (await told.take(6)) as [
      Incoming,
      Incoming,
      Incoming,
      Incoming,
      Incoming,
      Incoming,
    ];
    const failures = [failureOf(readAll(stream.stream())), failureOf(text.text())];
    const unread = ofWhole.stream();
    await end(opened);
    await settle();
    for (const error of [...(await Promise.all(failures)), await failureOf(open1.blob())]) {
      expect(error).toMatchObject({ code: 'ERR_CANCELLED', by: 'session-ended' });
    }
    expect([stream, text, open1].map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
    expect((await readAll(unread)).toString()).toBe('whole');
    expect(await asText.text()).toBe('whole');
    open2.reject();
    expect([ofWhole, asText].map(({ state }) => state)).toEqual(['received', 'received']);
  });
});

describe('what was taken is forgotten', () => {
  test.each<[string, (message: Incoming) => unknown]>([
    ...manners,
    [
      'reject',
      (message) => {
        message.reject();
      },
    ],
  ])('by %s, whether it came in one piece or not, at once or later', async (_name, take) => {
    const { connection, told } = await open();
    const refs: WeakRef<object>[] = [];
    for (let ordinal = 0; ordinal < 60; ordinal++) {
      const isWhole = ordinal % 3 === 0;
      connection.stream(isWhole ? whole('data') : start('data', { text: true }));
      const taken = await (async () => {
        const message = await told.next();
        refs.push(new WeakRef(message));
        if (ordinal % 2 === 0) await settle();
        return { end: Promise.resolve(take(message)).catch(() => undefined) };
      })();
      if (ordinal % 3 === 1) connection.stream(last('!'));
      if (ordinal % 3 === 2) connection.stream(cancel(0, '', { ordinal }));
      await taken.end;
    }
    await settle();
    expect(await countAlive(refs)).toBeLessThanOrEqual(2);
  });

  test('and so is what was handed over, or given up before anybody took it', async () => {
    const { connection, socket, told } = await open();
    const messages = collect(socket, 'message');
    const refs: WeakRef<object>[] = [];
    for (let ordinal = 0; ordinal < 60; ordinal++) {
      connection.stream(start('data', { text: true }));
      refs.push(new WeakRef(await told.next()));
      connection.stream(ordinal % 2 === 0 ? last('!') : cancel(0, '', { ordinal }));
      if (ordinal % 2 === 0) await messages.next();
    }
    await settle();
    expect(await countAlive(refs)).toBeLessThanOrEqual(2);
  });
});
