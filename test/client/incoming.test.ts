import { describe, expect, test } from 'vitest';
import type { ChunkSocketOptions, Incoming } from '../../src/index.ts';
import type { ChunkSocket } from '../../src/index.ts';
import { controlsIn, last, readAll, start, tellings, whole } from '../support/incoming-support.ts';
import { frame } from '../support/incoming-support.ts';
import type { Inbox } from '../support/inbox.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { catchReports, collect, openScripted, outcomeOf } from './support.ts';

interface Opened {
  readonly socket: ChunkSocket;
  readonly connection: ScriptedSocket;
  readonly told: Inbox<Incoming>;
}

/** A client that hears of messages as they begin. */
async function open(options: ChunkSocketOptions = {}): Promise<Opened> {
  const { socket, server } = openScripted(options);
  const told = tellings<Incoming>(socket);
  return { socket, connection: await server.accept(), told };
}

describe('incoming', () => {
  test('tells of a message at its first frame, with all that is known', async () => {
    const { connection, told } = await open();
    const origin = { mark: 'whole' as const, channel: 3, ordinal: 4, session: 's'.repeat(22) };
    connection.stream(
      start('gr\u00fc', { channel: 1, name: 'c', meta: { type: 'a/b' }, text: true, total: 10, origin }),
    );
    connection.stream(start(5, { channel: 2, name: 'd' }));

    const [known, unknown] = await told.take(2);
    expect(known).toMatchObject({
      channel: 'c',
      meta: { type: 'a/b' },
      isText: true,
      state: 'receiving',
      receivedBytes: 4,
      totalBytes: 10,
      possibleDuplicateOf: origin,
    });
    expect(unknown).toMatchObject({
      channel: 'd',
      meta: undefined,
      isText: false,
      state: 'receiving',
      receivedBytes: 5,
      totalBytes: undefined,
      possibleDuplicateOf: undefined,
    });
    connection.stream(last(1, { channel: 2 }));
    expect(unknown).toMatchObject({ state: 'received', receivedBytes: 6, totalBytes: 6 });
  });

  test.each<[string, (message: Incoming) => unknown]>([
    ['text', (message) => message.text()],
    ['arrayBuffer', (message) => message.arrayBuffer()],
    ['blob', (message) => message.blob()],
    ['stream', (message) => readAll(message.stream())],
    ['stream and cancel', (message) => message.stream().cancel()],
    [
      'reject',
      (message) => {
        message.reject();
      },
    ],
  ])('tells of the next message of a channel when %s is through with this one', async (_name, take) => {
    const { connection, told } = await open();
    connection.stream(start('one', { meta: 1 }), last('!'), start('two', { meta: 2 }), last('!'));
    connection.stream(whole('other', { channel: 1, name: 'c', meta: 3 }));

    const [first, other] = await told.take(2);
    expect([first?.meta, other?.meta]).toEqual([1, 3]);
    await settle();
    expect(told.items).toEqual([]);
    await take(first as Incoming);
    expect((await told.next()).meta).toBe(2);
  });

  test.each<[string, (message: Incoming) => Promise<unknown>]>([
    ['text', (message) => message.text()],
    ['arrayBuffer', (message) => message.arrayBuffer()],
    ['blob', (message) => message.blob()],
    ['stream', (message) => readAll(message.stream())],
  ])('tells of it also when %s had to wait for the end, and nothing else comes', async (_name, take) => {
    const { connection, told } = await open();
    connection.stream(start('one'));
    const taken = take(await told.next());
    await settle();
    connection.stream(last('!'), whole('two', { meta: 2 }));
    await taken;
    expect((await told.next()).meta).toBe(2);
  });

  test('keeps the order of a name that got another number while the old one is unread', async () => {
    const { connection, told } = await open();
    connection.stream(whole('one', { channel: 1, name: 'c' }), whole('two', { channel: 1 }));
    const first = await told.next();
    // RETIRE of channel 1.
    connection.stream(Uint8Array.of(4, 1, 1), whole('three', { channel: 2, name: 'c' }));
    const stream = first.stream();
    await settle();
    expect(told.items).toEqual([]);
    expect((await readAll(stream)).toString()).toBe('one');
    const second = await told.next();
    await settle();
    expect(told.items).toEqual([]);
    expect(await second.text()).toBe('two');
    expect(await (await told.next()).text()).toBe('three');
  });
});

describe('a message is taken as', () => {
  const bytes = patternBytes(5000);
  const messages: [string, Uint8Array[], Buffer][] = [
    ['bytes in one frame', [whole(bytes)], Buffer.from(bytes)],
    [
      'bytes in pieces',
      [start(bytes.slice(0, 3000)), frame(bytes.slice(3000, 3001)), last(bytes.slice(3001))],
      Buffer.from(bytes),
    ],
    ['bytes with an end of its own', [start(bytes), last(0)], Buffer.from(bytes)],
    ['no bytes', [whole(0)], Buffer.alloc(0)],
    ['no bytes in two frames', [start(0), last(0)], Buffer.alloc(0)],
    ['text in one frame', [whole('gr\u00fc\u00dfe')], Buffer.from('gr\u00fc\u00dfe')],
    [
      'text cut in a character',
      [start(Uint8Array.of(0x67, 0xc3), { text: true }), last(Uint8Array.of(0xbc))],
      Buffer.from('g\u00fc'),
    ],
    ['text with a byte order mark', [whole('\ufefftext')], Buffer.from('\ufefftext')],
    ['no text', [whole('')], Buffer.alloc(0)],
  ];
  const manners: [string, (message: Incoming) => Promise<Uint8Array>][] = [
    ['text', async (message) => Buffer.from(await message.text())],
    ['arrayBuffer', async (message) => new Uint8Array(await message.arrayBuffer())],
    ['blob', async (message) => new Uint8Array(await (await message.blob()).arrayBuffer())],
    ['stream', (message) => readAll(message.stream())],
    [
      'stream with empty parts told',
      async (message) => {
        const parts: Uint8Array[] = [];
        for await (const part of message.stream()) parts.push(part);
        expect(parts.every(({ length }) => length > 0)).toBe(true);
        return Buffer.concat(parts);
      },
    ],
  ];
  const cases = messages.flatMap(([what, frames, data]) =>
    manners
      .filter(([how]) => how !== 'text' || !what.startsWith('bytes'))
      .flatMap(([how, take]) =>
        (['at the first frame', 'at the last'] as const).map((when) => [what, how, when, frames, data, take] as const),
      ),
  );
  test.each(cases)('%s, by %s, %s', async (_what, _how, when, frames, data, take) => {
    const { connection, told } = await open();
    const [firstFrame, ...others] = frames as [Uint8Array, ...Uint8Array[]];
    connection.stream(firstFrame);
    const message = await told.next();
    const early = when === 'at the first frame' ? take(message) : undefined;
    for (const one of others) {
      await settle();
      connection.stream(one);
    }
    expect(Buffer.compare(await (early ?? take(message)), data)).toBe(0);
    expect(message).toMatchObject({ state: 'received', receivedBytes: data.length, totalBytes: data.length });
  });

  test('text, of bytes that are none: U+FFFD', async () => {
    const { connection, told } = await open();
    connection.stream(whole(Uint8Array.of(0x61, 0xff, 0x62)));
    expect(await (await told.next()).text()).toBe('a\ufffdb');
  });

  test('a Blob with the type that meta says, and none where it says none', async () => {
    const { connection, told } = await open();
    const metas = [{ type: 'image/png' }, { type: 5 }, 'image/png', null, undefined];
    const types: string[] = [];
    for (const [index, meta] of metas.entries()) {
      connection.stream(whole('x', { meta, channel: index + 1, name: `c${index}` }));
      types.push((await (await told.next()).blob()).type);
    }
    expect(types).toEqual(['image/png', '', '', '', '']);
  });

  test('buffers that nobody else has', async () => {
    const { connection, told } = await open();
    connection.stream(start(patternBytes(3000)), frame(patternBytes(2500)), last(patternBytes(2100)));
    const buffers = new Set<ArrayBufferLike>();
    let count = 0;
    for await (const part of (await told.next()).stream()) {
      buffers.add(part.buffer);
      count++;
      new Uint8Array(part.buffer).fill(0xee);
    }
    expect(buffers.size).toBe(count);
    connection.stream(whole(patternBytes(3000)), whole('x'));
    const buffer = await (await told.next()).arrayBuffer();
    expect(Buffer.compare(Buffer.from(buffer), patternBytes(3000))).toBe(0);
    expect((await (await told.next()).arrayBuffer()).byteLength).toBe(1);
  });
});

describe('a message that was taken', () => {
  const takes: [string, (message: Incoming) => unknown][] = [
    ['text', (message) => message.text()],
    ['arrayBuffer', (message) => message.arrayBuffer()],
    ['blob', (message) => message.blob()],
    ['stream', (message) => message.stream()],
    [
      'reject',
      (message) => {
        message.reject();
      },
    ],
  ];
  const pairs = takes.flatMap(([first, take]) => takes.map(([second, again]) => [first, second, take, again] as const));
  test.each(pairs)('by %s cannot be taken by %s: TypeError', async (_first, _second, take, again) => {
    const { connection, told } = await open();
    connection.stream(start('begun', { text: true }));
    const message = await told.next();
    const taken = outcomeOf(Promise.resolve(take(message)) as Promise<void>);
    const repeat = async (): Promise<void> => {
      await again(message);
    };
    await expect(repeat()).rejects.toThrow(TypeError);
    await expect(repeat()).rejects.toThrow('taken, rejected, or handed over');
    connection.stream(last('!'));
    await taken;
    await expect(repeat()).rejects.toThrow(TypeError);
  });

  test.each(takes)('by %s is not handed to the listeners of message', async (_name, take) => {
    const { socket, connection } = await open();
    const messages = collect(socket, 'message');
    socket.on('incoming', (message) => {
      if (message.meta === 1) void Promise.resolve(take(message)).catch(() => undefined);
    });
    connection.stream(start('one', { meta: 1, text: true }), whole('other', { channel: 1, name: 'c' }), last('!'));
    expect(await messages.next()).toMatchObject({ data: 'other' });
    connection.stream(whole('another', { channel: 1 }));
    expect(await messages.next()).toMatchObject({ data: 'another' });
    expect(messages.items).toEqual([]);
  });
});

describe('a message that was not taken', () => {
  test('is handed to the listeners of message, whole, once, and cannot be taken any more', async () => {
    const { socket, connection, told } = await open();
    const messages = collect(socket, 'message');
    connection.stream(start('one', { text: true }));
    const message = await told.next();
    await expect(message.text()).rejects.toThrow(TypeError);
    expect(() => message.stream()).toThrow(TypeError);
    expect(() => {
      message.reject();
    }).toThrow(TypeError);
    connection.stream(last('!'), whole('two'));
    expect((await messages.take(2)).map(({ data }) => data)).toEqual(['one!', 'two']);
    expect(message).toMatchObject({ state: 'received', receivedBytes: 4 });
    await settle();
    expect(messages.items).toEqual([]);
  });

  test('can be taken later while nobody listens for messages', async () => {
    const { connection, told } = await open();
    connection.stream(start('one', { text: true }));
    const message = await told.next();
    await settle();
    connection.stream(last('!'));
    await settle();
    expect(await message.text()).toBe('one!');
  });

  test('goes to a listener for messages that comes later, whole or not, and what follows, too', async () => {
    const { socket, connection, told } = await open();
    connection.stream(whole('whole'), start('half', { channel: 1, name: 'c', text: true }), whole('behind'));
    const [first] = await told.take(2);
    await settle();
    const messages = collect(socket, 'message');
    expect((await messages.take(2)).map(({ data }) => data)).toEqual(['whole', 'behind']);
    await expect(first?.text()).rejects.toThrow(TypeError);
    connection.stream(last('!', { channel: 1 }));
    expect(await messages.next()).toMatchObject({ data: 'half!', channel: 'c' });
    await settle();
    expect(messages.items).toEqual([]);
  });

  test('since a listener threw, or rejected, goes to the listeners of message', async () => {
    const reports = catchReports();
    const { socket, connection } = await open();
    const messages = collect(socket, 'message');
    socket.on('incoming', () => {
      throw new Error('at once');
    });
    socket.on('incoming', () => Promise.reject(new Error('later')));
    connection.stream(whole('one'), whole('two'));
    expect((await messages.take(2)).map(({ data }) => data)).toEqual(['one', 'two']);
    await settle();
    expect(reports.map(String).sort()).toEqual(['Error: at once', 'Error: at once', 'Error: later', 'Error: later']);
  });

  test('by one listener may be by another', async () => {
    const { socket, connection } = await open();
    const messages = collect(socket, 'message');
    const got: Promise<string>[] = [];
    const errors: Promise<unknown>[] = [];
    socket.on('incoming', () => undefined);
    socket.on('incoming', (message) => {
      got.push(message.text());
    });
    socket.on('incoming', (message) => {
      errors.push(message.text().catch((error: unknown) => error));
    });
    connection.stream(whole('one'));
    await settle();
    expect(await Promise.all(got)).toEqual(['one']);
    expect(await Promise.all(errors)).toEqual([expect.any(TypeError)]);
    expect(messages.items).toEqual([]);
  });

  test('by a listener that has left meanwhile still can be', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    let message: Incoming | undefined;
    const off = socket.on('incoming', (one) => {
      message = one;
      off();
    });
    connection.stream(start('one', { text: true }), whole('other', { channel: 1, name: 'c' }));
    await settle();
    expect(message).toMatchObject({ channel: '' });
    connection.stream(last('!'));
    expect(await message?.text()).toBe('one!');
    const messages = collect(socket, 'message');
    expect(await messages.next()).toMatchObject({ data: 'other' });
  });
});

describe('reject', () => {
  test('tells the sender why, and how much is known of the rest does not matter', async () => {
    const { connection, told } = await open();
    connection.stream(start(100, { total: 200 }), start(100, { channel: 1, name: 'c' }));
    for (const [index, message] of (await told.take(2)).entries()) {
      message.reject(index === 0 ? 'no room' : undefined);
      expect(message.state).toBe('failed');
    }
    await settle();
    expect(controlsIn(connection.slices, 'reject')).toEqual([
      { type: 'reject', channel: 0, ordinal: 0, code: 0, value: 0, reason: 'no room' },
      { type: 'reject', channel: 1, ordinal: 0, code: 0, value: 0, reason: '' },
    ]);
  });

  test('of a message that was whole long ago is not told', async () => {
    const { connection, told } = await open();
    connection.stream(whole('one'));
    const message = await told.next();
    await settle();
    message.reject('too late');
    await settle();
    expect(message.state).toBe('failed');
    expect(controlsIn(connection.slices, 'reject')).toEqual([]);
    connection.stream(whole('two'));
    expect(await (await told.next()).text()).toBe('two');
  });

  test.each([
    ['a string', 'why', 'why'],
    ['an Error', new RangeError('why'), 'why'],
    ['nothing', undefined, ''],
    ['something else', { why: 1 }, ''],
  ])('by cancelling the stream with %s tells that', async (_name, reason, told) => {
    const { connection, told: incoming } = await open();
    connection.stream(start(100));
    const stream = (await incoming.next()).stream();
    await stream.cancel(reason);
    await settle();
    expect(controlsIn(connection.slices, 'reject')).toMatchObject([{ code: 0, reason: told }]);
  });

  test('by leaving a loop over the stream', async () => {
    const { connection, told } = await open();
    connection.stream(start(100));
    const message = await told.next();
    for await (const part of message.stream()) {
      expect(part).toHaveLength(100);
      break;
    }
    await settle();
    expect(message.state).toBe('failed');
    expect(controlsIn(connection.slices, 'reject')).toHaveLength(1);
  });
});
