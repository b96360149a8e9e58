import { describe, expect, test } from 'vitest';
import { SafeEmitter } from '../../src/runtime/safe-emitter.ts';
import { settle } from '../support/manual-clock.ts';

interface Events {
  tick: { readonly count: number };
  tock: undefined;
}

function create(): { emitter: SafeEmitter<Events>; reports: unknown[] } {
  const reports: unknown[] = [];
  return {
    emitter: new SafeEmitter<Events>((error) => {
      reports.push(error);
    }),
    reports,
  };
}

describe('SafeEmitter', () => {
  test('calls each listener, those behind one that throws too', async () => {
    const { emitter, reports } = create();
    const calls: string[] = [];
    const thrown = new Error('thrown');
    const rejected = new Error('rejected');
    emitter.on('tick', () => {
      throw thrown;
    });
    emitter.on('tick', () => Promise.reject(rejected));
    emitter.on('tick', ({ count }) => calls.push(`tick ${count}`));

    emitter.emit('tick', { count: 1 });
    await settle();

    expect(calls).toEqual(['tick 1']);
    expect(reports).toEqual([thrown, rejected]);
  });

  test('tells who is there', () => {
    const { emitter } = create();
    const added: string[] = [];
    emitter.onListen = (name) => added.push(name);

    expect(emitter.has('tick')).toBe(false);
    const off = emitter.on('tick', () => undefined);
    expect([emitter.has('tick'), emitter.has('tock')]).toEqual([true, false]);
    off();
    off();

    expect(emitter.has('tick')).toBe(false);
    expect(added).toEqual(['tick']);
  });

  test('calls a listener of once a single time, though it emits again itself', () => {
    const { emitter } = create();
    let calls = 0;
    emitter.once('tick', ({ count }) => {
      calls++;
      if (count < 3) emitter.emit('tick', { count: count + 1 });
    });

    emitter.emit('tick', { count: 1 });
    emitter.emit('tick', { count: 1 });

    expect(calls).toBe(1);
  });

  test('lets a listener of once be taken away before', () => {
    const { emitter } = create();
    let calls = 0;
    const off = emitter.once('tick', () => calls++);

    off();
    emitter.emit('tick', { count: 1 });

    expect(calls).toBe(0);
  });

  test('keeps the same function apart when it is added twice', () => {
    const { emitter } = create();
    let calls = 0;
    const listener = (): void => {
      calls++;
    };
    const off = emitter.on('tick', listener);
    emitter.on('tick', listener);

    off();
    emitter.emit('tick', { count: 1 });

    expect(calls).toBe(1);
  });
});
