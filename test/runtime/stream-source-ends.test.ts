import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { toSource } from '../../src/runtime/payload.ts';
import { StreamSource } from '../../src/runtime/stream-source.ts';
import { settle } from '../support/manual-clock.ts';
import { generate, HandFed, handFed, readAll, take } from './stream-source-support.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A buffer whose owner is gone, and a view on it. */
function detached(): { buffer: ArrayBuffer; view: Uint8Array } {
  const buffer = new ArrayBuffer(8);
  const view = new Uint8Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return { buffer, view };
}

describe('StreamSource that fails', () => {
  test.each<[string, unknown[], unknown, RegExp]>([
    ['bytes after text', ['a'], Uint8Array.of(1), /strings and bytes in one message/],
    ['text after bytes', [Uint8Array.of(1)], 'a', /strings and bytes in one message/],
    ['bytes after half of a pair', ['\ud83c'], Uint8Array.of(1), /strings and bytes in one message/],
    ['a number first', [], 1, /chunk that is Number: give strings or bytes/],
    ['an array later', ['a'], [1], /chunk that is Array/],
    ['undefined', [], undefined, /chunk that is Undefined/],
    ['null', [], null, /chunk that is Null/],
    ['a Blob', [], new Blob(['a']), /chunk that is Blob/],
    ['a detached buffer', [Uint8Array.of(1)], detached().buffer, /detached/],
    ['a detached view', [], detached().view, /detached/],
  ])('fails at %s, and wants nothing more', async (_, before, chunk, message) => {
    const { fed, source } = await handFed();
    for (const good of before) await fed.give(good);
    const told = vi.fn();
    source.onReady = told;
    await fed.give(chunk);

    expect(source.state).toBe('failed');
    expect(source.error).toBeInstanceOf(TypeError);
    expect(String(source.error)).toMatch(message);
    expect([told.mock.calls.length, fed.nexts, fed.returns]).toEqual([1, before.length + 1, 1]);

    source.release();
    source.pull();
    await settle();
    expect([fed.nexts, fed.returns]).toEqual([before.length + 1, 1]);
  });

  test.each([
    ['at once', 0],
    ['in the middle', 2],
  ])('fails %s with what the producer failed with, and does not cancel it', async (_, count) => {
    for (const error of [new Error('gone'), 'gone', null, 0]) {
      const { fed, source } = await handFed();
      for (let given = 0; given < count; given++) await fed.give('a');
      const told = vi.fn();
      source.onReady = told;

      await fed.fail(error);
      source.pull();
      await settle();
      source.release();
      await settle();

      expect([source.state, source.error]).toEqual(['failed', error]);
      expect([told.mock.calls.length, fed.nexts, fed.returns]).toEqual([1, count + 1, 0]);
    }
  });

  test('has an error also when the producer gives none', async () => {
    const { fed, source } = await handFed();
    await fed.fail(undefined);
    expect(source.state).toBe('failed');
    expect(source.error).toBeInstanceOf(Error);
  });

  test('has the error of a ReadableStream, a Readable and a generator', async () => {
    const error = new Error('gone');
    const stream = new ReadableStream({
      start: (controller) => {
        controller.error(error);
      },
    });
    const readable = new Readable({
      read() {
        this.push('a');
        this.destroy(error);
      },
    });
    // eslint-disable-next-line require-yield -- it fails before
    const generator = (async function* () {
      await Promise.resolve();
      throw error;
    })();
    for (const data of [stream, readable, generator]) {
      await expect(readAll(toSource(data))).rejects.toBe(error);
    }
  });

  test('has the error of a Readable that failed while it waited for its turn, which ends no process', async () => {
    const readable = new Readable({ read: () => undefined });
    const source = toSource(readable);
    const error = new Error('no such file');
    readable.destroy(error);
    await settle();

    await expect(readAll(source)).rejects.toBe(error);
  });

  test.each<[string, unknown]>([
    [
      'throws',
      {
        next: () => {
          throw new Error('gone');
        },
      },
    ],
    ['gives no result', { next: () => undefined }],
    ['is none', {}],
  ])('fails when the iterator %s', async (_, iterator) => {
    const source = toSource({ [Symbol.asyncIterator]: () => iterator });
    const told = vi.fn();
    source.onReady = told;
    source.pull();
    expect(told).not.toHaveBeenCalled();
    await settle();
    expect([source.state, told.mock.calls.length]).toEqual(['failed', 1]);
    expect(source.error).toBeInstanceOf(Error);
  });
});

describe('StreamSource that is released', () => {
  test('before anything was asked of it', async () => {
    const fed = new HandFed();
    const source = new StreamSource(fed.iterator);

    source.release();
    source.release();
    source.pull();
    await settle();

    expect([fed.nexts, fed.returns]).toEqual([0, 1]);
  });

  test('between pull and what comes of it', async () => {
    const fed = new HandFed();
    const source = new StreamSource(fed.iterator);

    source.pull();
    source.release();
    await settle();

    expect([fed.nexts, fed.returns]).toEqual([0, 1]);
  });

  test('while it reads: what comes is dropped, and not told', async () => {
    for (const outcome of ['give', 'end', 'fail'] as const) {
      const { fed, source } = await handFed();
      const told = vi.fn();
      source.onReady = told;

      source.release();
      await fed[outcome](Uint8Array.of(1));
      source.pull();
      await settle();

      expect([fed.nexts, fed.returns, told.mock.calls.length]).toEqual([1, 1, 0]);
      expect([source.readyBytes, source.state]).toEqual([0, 'open']);
    }
  });

  test('before it told of a chunk that has come', async () => {
    const source = new StreamSource(generate(['a']));
    const told = vi.fn();
    source.onReady = told;
    source.pull();
    while (source.readyBytes === 0) await Promise.resolve();

    source.release();
    await settle();

    expect(told).not.toHaveBeenCalled();
    expect(source.readyBytes).toBe(0);
  });

  test('with chunks ready', async () => {
    const { fed, source } = await handFed();
    await fed.give(new Uint8Array(1000));
    take(source, 1);

    source.release();
    await settle();

    expect([source.readyBytes, fed.nexts, fed.returns]).toEqual([0, 2, 1]);
  });

  test('after its end, which is no cancelling', async () => {
    const { fed, source } = await handFed();
    await fed.give('a');
    await fed.end();

    source.release();
    await settle();

    expect([source.readyBytes, fed.returns]).toEqual([0, 0]);
  });

  test.each<[string, () => unknown]>([
    ['none', () => undefined],
    ['one that throws', () => ({ return: throwing })],
    ['one that rejects', () => ({ return: async () => Promise.resolve().then(throwing) })],
  ])('when the iterator’s return is %s', async (_, make) => {
    // A rejection that nobody handles makes the run fail.
    const source = toSource({ [Symbol.asyncIterator]: () => ({ next: throwing, ...(make() as object | undefined) }) });
    expect(() => {
      source.release();
    }).not.toThrow();
    await settle();
  });

  test('cancels a ReadableStream once, unless it is at its end or has failed', async () => {
    for (const stage of ['new', 'reading', 'ready', 'ended', 'failed'] as const) {
      const cancel = vi.fn(() => Promise.reject(new Error('cannot')));
      const stream = new ReadableStream({
        start: (controller) => {
          if (stage === 'ready' || stage === 'ended') controller.enqueue('a');
          if (stage === 'ended') controller.close();
          if (stage === 'failed') controller.error(new Error('gone'));
        },
        cancel,
      });
      const source = toSource(stream);
      if (stage !== 'new') source.pull();
      await settle();

      source.release();
      source.release();
      await settle();

      expect([stage, cancel.mock.calls.length]).toEqual([stage, stage === 'ended' || stage === 'failed' ? 0 : 1]);
    }
  });

  test('ends a generator', async () => {
    let isClosed = false;
    const source = toSource(
      (async function* () {
        try {
          for (;;) yield await Promise.resolve(new Uint8Array(300_000));
        } finally {
          isClosed = true;
        }
      })(),
    );
    source.pull();
    await settle();
    expect(isClosed).toBe(false);

    source.release();
    await settle();

    expect(isClosed).toBe(true);
  });

  test('destroys a Readable, also one that is new or gives nothing', async () => {
    for (const stage of ['new', 'reading', 'ready'] as const) {
      const readable = new Readable({ read: () => undefined });
      const source = toSource(readable);
      if (stage === 'ready') readable.push('a');
      if (stage !== 'new') source.pull();
      await settle();
      expect(readable.destroyed).toBe(false);

      source.release();
      await settle();

      expect([stage, readable.destroyed]).toEqual([stage, true]);
    }
  });

  test('lets go of all around it, even if the read never ends', async () => {
    const { fed, source } = await handFed();
    await fed.give(new Uint8Array(100_000));
    const owner = ((): WeakRef<object> => {
      const engine = { isReady: false };
      source.onReady = () => {
        engine.isReady = true;
      };
      return new WeakRef(engine);
    })();
    await settle();
    collect();
    expect(owner.deref()).toBeDefined();

    source.release();
    await settle();

    await vi.waitFor(() => {
      collect();
      expect(owner.deref()).toBeUndefined();
    });
    // The producer is still there, with its promise.
    expect([fed.nexts, source.readyBytes]).toEqual([2, 0]);
  });

  test('keeps no memory for what was copied', async () => {
    const { fed, source } = await handFed();
    collect();
    const before = process.memoryUsage().arrayBuffers;

    await fed.give(new Uint8Array(50 << 20));
    take(source);
    await settle();

    // Buffers are freed on another thread.
    await vi.waitFor(() => {
      collect();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(25 << 20);
    });
    expect(source.state).toBe('open');
  });
});

describe('StreamSource that restarts', () => {
  test('can as long as nothing was copied, since it is at its first byte then', async () => {
    const { fed, source } = await handFed();
    expect(source.restart()).toBe(true);
    await fed.give(Uint8Array.of(1, 2));
    expect(source.restart()).toBe(true);
    expect([...take(source, 1)]).toEqual([1]);
    expect(source.restart()).toBe(false);
    await fed.end();
    expect([...take(source)]).toEqual([2]);
    expect(source.restart()).toBe(false);
  });

  test('can when it was empty', async () => {
    const source = new StreamSource(generate([]));
    await readAll(source);
    expect([source.state, source.restart()]).toEqual(['ended', true]);
  });

  test('cannot once it is released', () => {
    const source = new StreamSource(generate(['a']));
    source.release();
    expect(source.restart()).toBe(false);
  });
});

describe('StreamSource, with a producer that meddles', () => {
  test('runs none of its code inside of a call to the source', async () => {
    const log: string[] = [];
    const source = new StreamSource({
      next: () => {
        log.push('next');
        return Promise.resolve({ value: new Uint8Array(10) });
      },
      return: () => log.push('return'),
    });
    const calls = [
      () => {
        source.pull();
      },
      () => {
        take(source, 1);
      },
      () => {
        source.release();
      },
    ];
    for (const call of calls) {
      const before = log.length;
      call();
      expect(log).toHaveLength(before);
      await settle();
    }
    expect(log.at(-1)).toBe('return');
  });

  test('survives that it is released from inside of next', async () => {
    const told = vi.fn();
    let returns = 0;
    const source: StreamSource = new StreamSource({
      next: () => {
        source.release();
        return Promise.resolve({ value: 'a' });
      },
      return: () => returns++,
    });
    source.onReady = told;
    source.pull();
    await settle();
    expect([source.readyBytes, told.mock.calls.length, returns]).toEqual([0, 0, 1]);
  });
});

function throwing(): never {
  throw new Error('cannot');
}
