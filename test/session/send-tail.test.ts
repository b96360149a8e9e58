import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendTail } from '../../src/session/link/send-tail.ts';

describe('SendTail', () => {
  it('gives back any cut of what was appended and not trimmed', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
      fc.record({ kind: fc.constant('trim' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({
        kind: fc.constant('copy' as const),
        from: fc.double({ min: 0, max: 1, noNaN: true }),
        to: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tail = new SendTail();
        const stream: number[] = [];
        let start = 0;
        for (const it of steps) {
          if (it.kind === 'append') {
            tail.append(it.bytes);
            stream.push(...it.bytes);
          } else if (it.kind === 'trim') {
            start += Math.floor(it.share * (stream.length - start));
            tail.trim(start);
          } else {
            const [a, b] = [it.from, it.to].map((share) => start + Math.floor(share * (stream.length - start)));
            const [from, to] = [Math.min(a as number, b as number), Math.max(a as number, b as number)];
            const target = new Uint8Array(to - from + 4).fill(99);
            tail.copy(from, to - from, target, 2);
            expect([...target]).toEqual([99, 99, ...stream.slice(from, to), 99, 99]);
          }
          expect([tail.start, tail.end]).toEqual([start, stream.length]);
        }
      }),
    );
  });

  it('keeps nothing of what was trimmed, however many chunks there were', () => {
    const tail = new SendTail();
    for (let i = 0; i < 10_000; i++) {
      tail.append(new Uint8Array(10));
      if (i >= 2) tail.trim((i - 1) * 10);
    }
    const target = new Uint8Array(20);
    tail.copy(99_980, 20, target, 0);
    expect([tail.start, tail.end]).toEqual([99_980, 100_000]);
  });
});
