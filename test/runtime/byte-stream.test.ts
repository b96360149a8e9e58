import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteStream } from '../../src/runtime/byte-stream.ts';
import type { ByteFeed } from '../../src/runtime/byte-stream.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

/** A feed that the test fills. */
class Feed implements ByteFeed {
  error: Error | undefined;
  cancelledBy: unknown;
  reads = 0;
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #isWhole = false;
  #take: (() => void) | undefined;

  get isAtEnd(): boolean {
    return this.#isWhole && this.#parts.length === 0;
  }

  get isFollowed(): boolean {
    return this.#take !== undefined;
  }

  read(): Uint8Array<ArrayBuffer> | undefined {
    this.reads++;
    return this.#parts.shift();
  }

  follow(take: (() => void) | undefined): void {
    this.#take = take;
    take?.();
  }

  cancel(reason: unknown): void {
    this.cancelledBy = reason;
  }

  add(...parts: Uint8Array<ArrayBuffer>[]): void {
    this.#parts.push(...parts);
    this.#take?.();
  }

  end(...parts: Uint8Array<ArrayBuffer>[]): void {
    this.#parts.push(...parts);
    this.#isWhole = true;
    this.#take?.();
  }

  fail(error: Error): void {
    this.error = error;
    this.#take?.();
  }
}

async function readAll(stream: ReadableStream<Uint8Array>, viewBytes?: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  if (viewBytes === undefined) {
    for await (const part of stream) parts.push(part);
  } else {
    const reader = stream.getReader({ mode: 'byob' });
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(viewBytes));
      if (done) break;
      parts.push(value);
    }
  }
  return Buffer.concat(parts);
}

describe('a byte stream', () => {
  test('gives what the feed has, to readers with and without buffers of their own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 12 }),
        fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined }),
        fc.boolean(),
        async (lengths, viewBytes, endsWithPart) => {
          const feed = new Feed();
          const whole = patternBytes(lengths.reduce((sum, length) => sum + length, 0));
          const read = readAll(byteStream(feed), viewBytes);
          let at = 0;
          for (const [index, length] of lengths.entries()) {
            if (index % 3 === 0) await settle();
            const part = whole.slice(at, (at += length));
            // The end may be known with the last part.
            if (endsWithPart && at === whole.length) feed.end(part);
            else feed.add(part);
          }
          feed.end();
          expect(await read.then((bytes) => [...bytes])).toEqual([...whole]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('takes nothing before it is asked, and no more than was asked for', async () => {
    const feed = new Feed();
    feed.add(patternBytes(10), patternBytes(10), patternBytes(10));
    const stream = byteStream(feed);
    await settle();
    expect(feed.reads).toBe(0);
    const reader = stream.getReader({ mode: 'byob' });
    expect((await reader.read(new Uint8Array(12))).value).toHaveLength(12);
    expect(feed.reads).toBe(2);
    // The rest of the second part is enough.
    expect((await reader.read(new Uint8Array(8))).value).toHaveLength(8);
    expect(feed.reads).toBe(2);
    feed.add(patternBytes(10));
    await settle();
    expect(feed.reads).toBe(2);
  });

  test.each(['before the first read', 'between two'])('hears %s that the rest will not come', async (when) => {
    const feed = new Feed();
    const reader = byteStream(feed).getReader();
    if (when === 'between two') {
      feed.add(patternBytes(3));
      await reader.read();
    }
    feed.fail(new RangeError('gone'));
    await expect(reader.closed).rejects.toThrow(new RangeError('gone'));
    expect(feed.isFollowed).toBe(false);
  });

  test('hands what was left in a buffer to another kind of reader', async () => {
    const feed = new Feed();
    const whole = patternBytes(30);
    feed.add(whole.slice(0, 20), whole.slice(20));
    feed.end();
    const stream = byteStream(feed);
    const byob = stream.getReader({ mode: 'byob' });
    const { value } = await byob.read(new Uint8Array(7));
    expect(value).toEqual(whole.slice(0, 7));
    byob.releaseLock();
    expect([...(await readAll(stream))]).toEqual([...whole.slice(7)]);
  });

  test('goes on after a reader that let go while it waited', async () => {
    const feed = new Feed();
    const stream = byteStream(feed);
    const byob = stream.getReader({ mode: 'byob' });
    const waiting = byob.read(new Uint8Array(7));
    waiting.catch(() => undefined);
    byob.releaseLock();
    await expect(waiting).rejects.toThrow(TypeError);
    const whole = patternBytes(20);
    feed.add(whole.slice());
    feed.end();
    expect([...(await readAll(stream))]).toEqual([...whole]);
  });

  test.each([undefined, 8])('fails when the feed does, also while it waits (view of %j bytes)', async (viewBytes) => {
    const feed = new Feed();
    const read = readAll(byteStream(feed), viewBytes);
    feed.add(patternBytes(3));
    await settle();
    feed.fail(new RangeError('gone'));
    await expect(read).rejects.toThrow(new RangeError('gone'));
    expect(feed.isFollowed).toBe(false);
  });

  test('tells the feed of a reader that gives up, and follows it no more', async () => {
    const feed = new Feed();
    const reader = byteStream(feed).getReader({ mode: 'byob' });
    const read = reader.read(new Uint8Array(5));
    await reader.cancel('enough');
    expect((await read).done).toBe(true);
    expect(feed.cancelledBy).toBe('enough');
    expect(feed.isFollowed).toBe(false);
    feed.add(patternBytes(1));
    feed.end();
  });

  test('of no whole number of units fails for a reader of units, and harms nobody else', async () => {
    const feed = new Feed();
    const reader = byteStream(feed).getReader({ mode: 'byob' });
    const read = reader.read(new Uint32Array(4));
    feed.add(patternBytes(3));
    expect(() => {
      feed.end();
    }).not.toThrow();
    await expect(read).rejects.toThrow(TypeError);
  });

  test('is an ordinary stream where the platform has no other', async () => {
    const Native = globalThis.ReadableStream;
    const feed = new Feed();
    let stream: ReadableStream<Uint8Array>;
    globalThis.ReadableStream = new Proxy(Native, {
      construct: (target, [source, strategy]: [UnderlyingSource, QueuingStrategy]) => {
        if (source.type === 'bytes') throw new TypeError('Not supported.');
        return new target(source, strategy);
      },
    });
    try {
      stream = byteStream(feed);
    } finally {
      globalThis.ReadableStream = Native;
    }
    expect(() => stream.getReader({ mode: 'byob' })).toThrow(TypeError);
    const read = readAll(stream);
    const whole = patternBytes(30);
    feed.add(whole.slice(0, 20));
    await settle();
    feed.add(whole.slice(20));
    feed.end();
    expect([...(await read)]).toEqual([...whole]);
  });
});
