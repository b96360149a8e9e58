import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { toSource } from '../../src/runtime/payload.ts';
import type { SendData } from '../../src/runtime/payload.ts';
import type { Source } from '../../src/session/mux/source.ts';
import { settle } from '../support/manual-clock.ts';

/** Everything that a source has at once. */
function rest(source: Source): number[] {
  const bytes = new Uint8Array(source.readyBytes);
  source.copy(bytes, 0, bytes.length);
  return [...bytes];
}

function read(data: unknown, isOwned?: boolean): number[] {
  return rest(toSource(data, isOwned));
}

/** A buffer of some bytes whose owner is gone, and a view on it. */
function detached(): { buffer: ArrayBuffer; view: Uint16Array; dataView: DataView } {
  const buffer = new ArrayBuffer(8);
  const views = { view: new Uint16Array(buffer, 2), dataView: new DataView(buffer, 2) };
  structuredClone(buffer, { transfer: [buffer] });
  return { buffer, ...views };
}

async function* generate(...chunks: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  await Promise.resolve();
  yield* chunks;
}

describe('toSource', () => {
  test('takes buffers of another realm', () => {
    const { buffer, view } = runInContext(
      'const view = new Uint8Array([1, 2, 3]); ({ buffer: view.buffer, view: view.subarray(1) })',
      createContext(),
    ) as { buffer: ArrayBuffer; view: Uint8Array };
    expect(buffer instanceof ArrayBuffer).toBe(false);

    expect(read(buffer)).toEqual([1, 2, 3]);
    expect(read(view)).toEqual([2, 3]);
    expect(read(view, true)).toEqual([2, 3]);
    expect(buffer.byteLength).toBe(0);
  });

  test.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ])('takes the part of the buffer that is the view’s: %o', (View) => {
    const { buffer } = Uint8Array.from({ length: 32 }, (_, index) => index);
    const { BYTES_PER_ELEMENT = 1 } = View as { BYTES_PER_ELEMENT?: number };
    const view = new (View as typeof DataView)(buffer, 8, 8 / BYTES_PER_ELEMENT);
    for (const isOwned of [false, true]) expect(read(view, isOwned)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  });

  test('takes a Buffer of Node, which lies in a pool with others', () => {
    const buffer = Buffer.from('abc');
    expect(buffer.buffer.byteLength).toBeGreaterThan(3);
    expect(read(buffer)).toEqual([97, 98, 99]);
  });

  test('takes shared memory, as a copy', () => {
    const shared = new SharedArrayBuffer(3);
    const bytes = new Uint8Array(shared);
    bytes.set([1, 2, 3]);
    const [whole, part] = [toSource(shared), toSource(bytes.subarray(1))];

    bytes.fill(9);

    expect([rest(whole), rest(part)]).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
  });

  test('copies buffers at once, which stay the caller’s', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const sources = [toSource(bytes), toSource(bytes.buffer), toSource(new DataView(bytes.buffer))];

    bytes.fill(9);

    for (const source of sources) expect(rest(source)).toEqual([1, 2, 3]);
    expect(bytes.length).toBe(3);
  });

  test('encodes text as UTF-8, lone surrogates as U+FFFD', () => {
    expect(read('ü🎉')).toEqual([0xc3, 0xbc, 0xf0, 0x9f, 0x8e, 0x89]);
    expect(read('\ud83c')).toEqual([0xef, 0xbf, 0xbd]);
    expect(read('\ufeffa')).toEqual([0xef, 0xbb, 0xbf, 0x61]);
  });

  test('makes text of strings alone', () => {
    expect([toSource('').isText, toSource(new Uint8Array()).isText, toSource(new Blob(['a'])).isText]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test.each([
    ['Null', null],
    ['Undefined', undefined],
    ['Number', 1],
    ['Map', new Map()],
    ['Array', [Uint8Array.of(1)]],
    ['Object', { locked: false }],
    ['String', new String('a')],
    ['Generator', (function* () {})()],
    ['Function', () => 'a'],
    ['Response', new Response('a')],
  ])('names what it cannot take: %s', (tag, data) => {
    for (const isOwned of [false, true]) {
      expect(() => toSource(data, isOwned)).toThrow(new RegExp(`^Cannot send ${tag}: give a string, `));
      expect(() => toSource(data, isOwned)).toThrow(TypeError);
    }
  });

  test.each(['buffer', 'view', 'dataView'] as const)('refuses what is detached: %s', (name) => {
    for (const isOwned of [false, true]) {
      expect(() => toSource(detached()[name], isOwned)).toThrow(TypeError);
      expect(() => toSource(detached()[name], isOwned)).toThrow(/detached/);
    }
  });

  test('takes what is empty', () => {
    for (const isOwned of [false, true]) {
      expect(read(new ArrayBuffer(0), isOwned)).toEqual([]);
      expect(read(new Uint8Array(new ArrayBuffer(8), 8), isOwned)).toEqual([]);
    }
  });
});

describe('toSource, with the buffer to keep', () => {
  test('takes the buffer over without a copy, and detaches it', () => {
    const buffer = new ArrayBuffer(4);
    const other = new Uint8Array(buffer);
    other.set([1, 2, 3, 4]);

    const source = toSource(buffer, true);

    expect([buffer.byteLength, other.length]).toEqual([0, 0]);
    expect(() => new Uint8Array(buffer)).toThrow('detached');
    expect(rest(source)).toEqual([1, 2, 3, 4]);
  });

  test('takes the whole buffer of a view, and sends the view’s part', () => {
    const { buffer } = Uint8Array.of(1, 2, 3, 4);
    const view = new Uint8Array(buffer, 1, 2);

    expect(read(view, true)).toEqual([2, 3]);

    expect([buffer.byteLength, view.length]).toEqual([0, 0]);
  });

  test('takes an own Buffer of Node', () => {
    const buffer = Buffer.alloc(10_000, 1);
    expect(read(buffer, true)).toHaveLength(10_000);
    expect(buffer.length).toBe(0);
  });

  test.each([
    ['a pooled Buffer', Buffer.from('abc')],
    ['shared memory', new SharedArrayBuffer(4)],
    ['a view on shared memory', new Uint8Array(new SharedArrayBuffer(4))],
    ['WebAssembly memory', new WebAssembly.Memory({ initial: 1 }).buffer],
  ])('refuses what cannot be taken over, and leaves it: %s', (_, data) => {
    const bytes = data.byteLength;

    expect(() => toSource(data, true)).toThrow(TypeError);
    expect(() => toSource(data, true)).toThrow(
      /^Cannot transfer a buffer that is shared, pooled .* or of WebAssembly\.$/,
    );

    expect(data.byteLength).toBe(bytes);
    expect(read(data)).toHaveLength(bytes);
  });

  test('is no different for strings, Blobs and streams', async () => {
    expect(read('a', true)).toEqual([97]);
    for (const data of [
      new Blob(['a']),
      new File(['a'], 'name'),
      new Blob(['a']).stream(),
      Readable.from(['a']),
      generate('a'),
    ]) {
      const source = toSource(data, true);
      source.pull();
      await settle();
      expect(rest(source)).toEqual([97]);
    }
  });
});

/** A stream that was read from once, and is unlocked. */
async function disturbed(): Promise<ReadableStream<string>> {
  const stream = new ReadableStream<string>({
    pull: (controller) => {
      controller.enqueue('a');
    },
  });
  const reader = stream.getReader();
  await reader.read();
  reader.releaseLock();
  return stream;
}

/** A Readable with a byte or more that somebody has read. */
async function begun(): Promise<Readable> {
  const readable = new Readable({ read: () => undefined });
  readable.push('ab');
  await settle();
  readable.read(1);
  return readable;
}

async function ended(autoDestroy: boolean): Promise<Readable> {
  const readable = new Readable({ autoDestroy, read: () => undefined });
  readable.push(null);
  readable.resume();
  await settle();
  return readable;
}

async function failed(autoDestroy: boolean): Promise<Readable> {
  const readable = new Readable({
    autoDestroy,
    read: () => {
      throw new Error('gone');
    },
  });
  readable.on('error', () => undefined);
  readable.read(0);
  await settle();
  expect([readable.errored?.message, readable.destroyed]).toEqual(['gone', autoDestroy]);
  return readable;
}

describe('toSource of a stream', () => {
  test('locks a ReadableStream at once', () => {
    const stream = new ReadableStream();
    toSource(stream);
    expect(stream.locked).toBe(true);
  });

  test('reads nothing, and starts no iterator', async () => {
    let count = 0;
    const counted = (): void => {
      count++;
    };
    toSource(new ReadableStream({ pull: counted }, { highWaterMark: 0 }));
    toSource(new ReadableStream({ type: 'bytes', pull: counted }));
    toSource(new Readable({ read: counted }));
    toSource({ [Symbol.asyncIterator]: () => ({ next: counted }) });
    await settle();
    expect(count).toBe(0);
  });

  test('does not touch a stream that it refuses', async () => {
    let isCancelled = false;
    const stream = new ReadableStream({
      cancel: () => {
        isCancelled = true;
      },
    });
    const reader = stream.getReader();
    expect(() => toSource(stream)).toThrow(TypeError);
    await settle();
    reader.releaseLock();
    expect([stream.locked, isCancelled]).toEqual([false, false]);
    expect(toSource(stream).state).toBe('open');
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'a locked ReadableStream',
      () => {
        const stream = new ReadableStream();
        stream.getReader();
        return stream;
      },
      /is locked: it has another reader/,
    ],
    ['a ReadableStream that is being sent', () => sent(new ReadableStream()), /is locked/],
    ['a disturbed ReadableStream', disturbed, /was read from/],
    ['a Readable that is destroyed', () => new Readable().destroy(), /is destroyed, or has failed/],
    ['a Readable that has failed', () => failed(true), /is destroyed, or has failed/],
    ['a Readable that has failed and is not destroyed', () => failed(false), /is destroyed, or has failed/],
    ['a Readable that was read', begun, /was read from/],
    ['a Readable at its end', () => ended(true), /is destroyed/],
    ['a Readable at its end that is not destroyed', () => ended(false), /was read from/],
    ['a Readable that is being sent', () => sent(Readable.from(['a'])), /is being sent/],
    ['a generator that is being sent', () => sent(generate('a')), /is being sent/],
  ])('refuses %s', async (_, make, message) => {
    const stream = await make();
    expect(() => toSource(stream)).toThrow(TypeError);
    expect(() => toSource(stream)).toThrow(message);
  });

  test('takes an iterable twice that begins anew', async () => {
    const iterable = { [Symbol.asyncIterator]: () => generate('ab') };
    const sources = [toSource(iterable), toSource(iterable)];
    for (const source of sources) source.pull();
    await settle();
    for (const source of sources) expect(rest(source)).toEqual([97, 98]);
  });

  test('takes a ReadableStream that is not the platform’s, and makes no Response of it', async () => {
    const platform = new Blob(['ab']).stream();
    let iterations = 0;
    const stream = {
      locked: false,
      getReader: () => platform.getReader(),
      get [Symbol.asyncIterator]() {
        iterations++;
        return () => generate();
      },
      [Symbol.toStringTag]: 'ReadableStream',
    };
    const source = toSource(stream);
    source.pull();
    await settle();
    expect([rest(source), iterations]).toEqual([[97, 98], 0]);
  });
});

function sent<T>(stream: T): T {
  toSource(stream);
  return stream;
}

/** Checked by the compiler: each may be sent. */
export function takes(response: Response, stdin: NodeJS.ReadableStream, socket: Duplex): SendData[] {
  return [
    'text',
    new ArrayBuffer(1),
    new SharedArrayBuffer(1),
    new Float64Array(1),
    new DataView(new ArrayBuffer(1)),
    Buffer.alloc(1),
    new Blob([]),
    new File([], 'name'),
    new Blob([]).stream(),
    response.body ?? '',
    new ReadableStream<string>(),
    new ReadableStream<Uint8Array>(),
    new ReadableStream<ArrayBuffer>(),
    new TextEncoderStream().readable,
    new CompressionStream('gzip').readable,
    stdin,
    socket,
    Readable.from([]),
    generate(),
    // @ts-expect-error these can be had at once: send them joined
    ['a', 'b'],
    // @ts-expect-error a stream of anything else
    new ReadableStream<number>(),
    // @ts-expect-error a generator of anything else
    (async function* () {
      yield await Promise.resolve(1);
    })(),
  ];
}
