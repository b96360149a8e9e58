import { expect } from 'vitest';
import { StreamSource } from '../../src/runtime/stream-source.ts';
import type { Source } from '../../src/session/mux/source.ts';
import { settle } from '../support/manual-clock.ts';

/** The chunks, one after the other. */
export async function* generate<T>(chunks: Iterable<T>): AsyncGenerator<T, void> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

/** An iterator that the test answers by hand, and that counts what is asked of it. */
export class HandFed {
  nexts = 0;
  returns = 0;
  #answer: ((result: IteratorResult<unknown>) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  readonly iterator = {
    next: (): Promise<IteratorResult<unknown>> => {
      this.nexts++;
      return new Promise((resolve, reject) => {
        this.#answer = resolve;
        this.#fail = reject;
      });
    },
    return: (): unknown => {
      this.returns++;
      return undefined;
    },
  };

  async give(value: unknown): Promise<void> {
    this.#answer?.({ done: false, value });
    await settle();
  }

  async end(): Promise<void> {
    this.#answer?.({ done: true, value: undefined });
    await settle();
  }

  async fail(error: unknown): Promise<void> {
    this.#fail?.(error);
    await settle();
  }
}

/** A source that has asked for its first chunk. */
export async function handFed(): Promise<{ fed: HandFed; source: StreamSource }> {
  const fed = new HandFed();
  const source = new StreamSource(fed.iterator);
  source.pull();
  await settle();
  return { fed, source };
}

/** Waits until the source says that there is something new. */
export async function turn(source: Source): Promise<void> {
  await new Promise<void>((resolve) => {
    source.onReady = resolve;
    source.pull();
  });
}

/** Reads it to the end, in helpings of at most so many bytes. */
export async function readAll(source: Source, helping = Infinity): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    while (source.readyBytes === 0 && source.state === 'open') await turn(source);
    if (source.state === 'failed') throw source.error;
    const count = Math.min(helping, source.readyBytes);
    if (count === 0) return Buffer.concat(pieces);
    const target = new Uint8Array(count + 2);
    source.copy(target, 1, count);
    expect([target[0], target[count + 1]]).toEqual([0, 0]);
    pieces.push(target.subarray(1, count + 1));
  }
}

/** The next bytes; those that are ready. */
export function take(source: Source, count = source.readyBytes): Uint8Array {
  const target = new Uint8Array(count);
  source.copy(target, 0, count);
  return target;
}
