import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { toSource } from '../../src/runtime/payload.ts';
import { StreamSource } from '../../src/runtime/stream-source.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { generate, HandFed, handFed, readAll, take, turn } from './stream-source-support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

function streamOf(chunks: readonly unknown[], strategy?: QueuingStrategy): ReadableStream {
  const left = [...chunks];
  const pull = (controller: ReadableStreamDefaultController): void => {
    if (left.length > 0) controller.enqueue(left.shift());
    else controller.close();
  };
  return new ReadableStream({ pull }, strategy);
}

/** What the same chunks can come in. */
const CARRIERS: [string, (chunks: readonly unknown[]) => unknown][] = [
  ['an async generator', generate],
  ['a ReadableStream', streamOf],
  ['a ReadableStream that buffers', (chunks) => streamOf(chunks, { highWaterMark: 5 })],
  ['a ReadableStream that buffers nothing', (chunks) => streamOf(chunks, { highWaterMark: 0 })],
  ['a Readable of objects', (chunks) => Readable.from(chunks)],
];

/** Where to cut something of a length, any number of times, so that pieces may be empty. */
const cuts = fc.array(fc.nat(1000), { maxLength: 20 });

function pieces<T extends string | Uint8Array<ArrayBuffer>>(whole: T, at: readonly number[]): T[] {
  const places = [0, ...at.map((place) => place % (whole.length + 1)), whole.length].sort((a, b) => a - b);
  return places.slice(1).map((place, index) => whole.slice(places[index], place) as T);
}

describe('StreamSource', () => {
  test.each(CARRIERS)('gives the bytes of any chunks of %s', async (_, carry) => {
    const chunking = fc.record({
      bytes: fc.uint8Array({ maxLength: 1000 }),
      at: cuts,
      helping: fc.integer({ min: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(chunking, async ({ bytes, at, helping }) => {
        const source = toSource(carry(pieces(Uint8Array.from(bytes), at)));
        const result = await readAll(source, helping % (bytes.length + 1) || 1);
        expect(result.equals(bytes)).toBe(true);
        expect([source.state, source.isText]).toEqual(['ended', false]);
      }),
      { numRuns: 50 },
    );
  });

  test.each(CARRIERS)('gives the UTF-8 of any strings of %s', async (_, carry) => {
    // Code units, not code points: pairs come apart, and halves come alone.
    const unit = fc.oneof(
      fc.constantFrom('\ud83c', '\udf89', '\u{1f389}'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const text = fc.array(unit, { maxLength: 30 }).map((units) => units.join(''));
    await fc.assert(
      fc.asyncProperty(text, cuts, async (whole, at) => {
        const source = toSource(carry(pieces(whole, at)));
        const result = await readAll(source, 7);
        expect(result.equals(Buffer.from(whole))).toBe(true);
        expect(source.isText).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])('joins and replaces surrogates when text is cut at %i', async (at) => {
    const text = 'ü\ud83c\udf89\udf89\ud83ca\ud83c';
    const source = new StreamSource(generate([text.slice(0, at), text.slice(at)]));
    expect(await readAll(source)).toEqual(Buffer.from('ü🎉\ufffd\ufffda\ufffd'));
  });

  test('keeps half of a pair over an empty chunk, and to the end', async () => {
    expect(await readAll(new StreamSource(generate(['\ud83c', '', '\udf89'])))).toEqual(Buffer.from('🎉'));
    expect(await readAll(new StreamSource(generate(['\ud83c', '\ud83c'])))).toEqual(Buffer.from('\ufffd\ufffd'));
    expect(await readAll(new StreamSource(generate(['\ud83c'])))).toEqual(Buffer.from('\ufffd'));
  });

  test('takes chunks of every kind of bytes', async () => {
    const buffer = new Uint8Array([1, 2, 3, 4]).buffer;
    const shared = new SharedArrayBuffer(2);
    new Uint8Array(shared).set([5, 6]);
    const chunks = [buffer, new Uint16Array(buffer, 2), new DataView(buffer, 1, 1), shared, Buffer.from('a')];
    expect([...(await readAll(toSource(Readable.from(chunks))))]).toEqual([1, 2, 3, 4, 3, 4, 2, 5, 6, 97]);
  });

  test('takes a byte stream, an encoded Readable, and what a Response has', async () => {
    const bytes = patternBytes(300 * KIB);
    expect((await readAll(toSource(new Response(bytes).body))).equals(bytes)).toBe(true);
    expect((await readAll(toSource(new Blob([bytes]).stream()), 1000)).equals(bytes)).toBe(true);
    const readable = new Readable({ read: () => undefined }).setEncoding('utf8');
    for (const piece of pieces(Uint8Array.from(Buffer.from('ü🎉')), [1, 3, 4])) readable.push(piece);
    readable.push(null);
    const source = toSource(readable);
    expect([await readAll(source), source.isText]).toEqual([Buffer.from('ü🎉'), true]);
  });

  test('has no length, holds nothing that counts, and is open until its end is known', async () => {
    const { fed, source } = await handFed();
    expect([source.totalBytes, source.heldBytes, source.readyBytes, source.state]).toEqual([undefined, 0, 0, 'open']);
    await fed.give(Uint8Array.of(1, 2));
    expect([source.totalBytes, source.heldBytes, source.readyBytes, source.state]).toEqual([undefined, 0, 2, 'open']);
    await fed.end();
    expect([source.totalBytes, source.heldBytes, source.readyBytes, source.state]).toEqual([undefined, 0, 2, 'ended']);
    expect([...take(source)]).toEqual([1, 2]);
    expect([source.readyBytes, source.state]).toEqual([0, 'ended']);
  });

  test.each<[string, unknown[], boolean]>([
    ['nothing', [], false],
    ['an empty string', [''], true],
    ['empty bytes', [new Uint8Array()], false],
    ['empty bytes, then text', [new Uint8Array(), 'a'], true],
    ['an empty string, then bytes', ['', Uint8Array.of(1)], false],
    ['text, then empty bytes', ['a', new Uint8Array()], true],
  ])('is text or not by what is not empty: %s', async (_, chunks, isText) => {
    const source = new StreamSource(generate(chunks));
    await readAll(source);
    expect([source.state, source.isText]).toEqual(['ended', isText]);
  });
});

describe('StreamSource, as it reads ahead', () => {
  test('asks for nothing before it is pulled, and not from inside of pull, copy or release', async () => {
    const fed = new HandFed();
    const source = new StreamSource(fed.iterator);
    await settle();
    expect(fed.nexts).toBe(0);

    source.pull();
    source.pull();
    expect(fed.nexts).toBe(0);
    await settle();
    expect(fed.nexts).toBe(1);

    await fed.give(new Uint8Array(256 * KIB));
    expect(fed.nexts).toBe(1);
    take(source);
    expect(fed.nexts).toBe(1);
    await settle();
    expect(fed.nexts).toBe(2);

    source.release();
    expect(fed.returns).toBe(0);
    await settle();
    expect(fed.returns).toBe(1);
  });

  test('asks for one chunk at a time', async () => {
    const { fed, source } = await handFed();
    for (let count = 0; count < 3; count++) source.pull();
    await settle();
    expect(fed.nexts).toBe(1);
  });

  test('reads 256 KiB ahead and the chunk that goes beyond, and goes on as soon as there is less', async () => {
    const { fed, source } = await handFed();
    await fed.give(new Uint8Array(256 * KIB - 1));
    expect(fed.nexts).toBe(2);
    await fed.give(new Uint8Array(1000));
    source.pull();
    await settle();
    expect([fed.nexts, source.readyBytes]).toEqual([2, 256 * KIB + 999]);

    take(source, 999);
    await settle();
    expect(fed.nexts).toBe(2);
    take(source, 1);
    await settle();
    expect(fed.nexts).toBe(3);
  });

  test.each([1, 20, 1000, 64 * KIB, 100_000])('is never further ahead than that, in chunks of %i', async (size) => {
    let given = 0;
    let copied = 0;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      for (;;) {
        given += size;
        yield await Promise.resolve(new Uint8Array(size));
      }
    }
    const source = new StreamSource(endless());
    let most = 0;
    while (copied < 400 * KIB) {
      if (source.readyBytes < 256 * KIB) await turn(source);
      most = Math.max(most, given - copied);
      copied += take(source, Math.min(source.readyBytes, 50_000)).length;
    }
    expect(most).toBeLessThan(256 * KIB + size);
    expect(most).toBeGreaterThanOrEqual(256 * KIB);
    source.release();
  });

  test('holds back a ReadableStream and a Readable', async () => {
    let given = 0;
    const chunk = (): Uint8Array => {
      given += 64 * KIB;
      return new Uint8Array(64 * KIB);
    };
    const stream = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(chunk());
      },
    });
    const readable = new Readable({
      read() {
        this.push(chunk());
      },
    });
    for (const data of [stream, readable]) {
      given = 0;
      const source = toSource(data);
      source.pull();
      await settle();
      expect(source.readyBytes).toBe(256 * KIB);
      // What it buffers itself comes on top.
      expect(given).toBeLessThanOrEqual(256 * KIB + 2 * 64 * KIB);
      source.release();
    }
  });

  test.each<[string, () => unknown]>([
    ['a generator', () => generate(Array.from({ length: 1000 }, () => new Uint8Array(20)))],
    ['a ReadableStream', () => streamOf(Array.from({ length: 1000 }, () => new Uint8Array(20)))],
  ])('tells once of many small chunks that come at once from %s', async (_, make) => {
    const source = toSource(make());
    const told: unknown[] = [];
    source.onReady = () => {
      told.push([source.readyBytes, source.state]);
    };
    source.pull();
    await settle();
    expect(told).toEqual([[20_000, 'ended']]);
  });

  test('tells of each chunk when the next one takes its time', async () => {
    const { fed, source } = await handFed();
    const told = vi.fn();
    source.onReady = told;
    await fed.give('a');
    await fed.give('b');
    expect(told).toHaveBeenCalledTimes(2);
    await fed.end();
    expect(told).toHaveBeenCalledTimes(3);
  });

  test('takes a chunk of 100 MiB', async () => {
    const bytes = patternBytes(100 * MIB);
    const source = new StreamSource(generate([bytes.subarray(0, 100), bytes.subarray(100), Uint8Array.of(7)]));
    const result = await readAll(source, MIB);
    expect(result.length).toBe(bytes.length + 1);
    expect(Buffer.compare(result.subarray(0, -1), bytes)).toBe(0);
    expect(result.at(-1)).toBe(7);
  });

  test('gives the right bytes when one buffer is filled again for each chunk', async () => {
    const bytes = patternBytes(700 * KIB);
    async function* refill(): AsyncGenerator<Uint8Array, void> {
      const buffer = new Uint8Array(1000);
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const piece = bytes.subarray(at, at + buffer.length);
        buffer.set(piece);
        yield await Promise.resolve(buffer.subarray(0, piece.length));
        buffer.fill(0xff);
      }
    }
    for (const helping of [999, 64 * KIB, Infinity]) {
      expect((await readAll(new StreamSource(refill()), helping)).equals(bytes)).toBe(true);
    }
  });

  test('has a chunk for itself from when it comes', async () => {
    const { fed, source } = await handFed();
    const chunk = Uint8Array.of(1, 2, 3);
    await fed.give(chunk);
    chunk.fill(9);
    expect([...take(source)]).toEqual([1, 2, 3]);
  });
});
