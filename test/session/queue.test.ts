import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/session/queue.ts';

describe('Queue', () => {
  it('is first in, first out, whatever is done to it', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.integer().map((item) => ({ kind: 'push' as const, item })) },
      { weight: 4, arbitrary: fc.constant({ kind: 'shift' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new Queue<number>();
        let model: number[] = [];
        for (const it of steps) {
          if (it.kind === 'push') {
            queue.push(it.item);
            model.push(it.item);
          } else if (it.kind === 'shift') {
            expect(queue.shift()).toBe(model.shift());
          } else {
            queue.clear();
            model = [];
          }
          expect(queue.length).toBe(model.length);
          expect(queue.peek()).toBe(model[0]);
          expect(queue.at(1)).toBe(model[1]);
          expect(queue.toArray()).toEqual(model);
        }
      }),
    );
  });

  it('takes 200,000 items in and out without moving all of them each time', () => {
    const queue = new Queue<number>();
    for (let i = 0; i < 200_000; i++) queue.push(i);
    let sum = 0;
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) sum += item;
    expect(sum).toBe((199_999 * 200_000) / 2);
  });
});
