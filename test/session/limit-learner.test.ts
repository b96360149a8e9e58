import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LimitLearner } from '../../src/session/link/limit-learner.ts';
import type { LimitCause, PathLimit } from '../../src/session/link/limit-learner.ts';

const MIB = 1 << 20;

type Step =
  ['passed' | 'acked' | 'setCap' | 'refused', bytes: number] | ['grow'] | ['failed', bytes: number, code: 1009 | 1006];

function perform(learner: LimitLearner, step: Step): boolean {
  switch (step[0]) {
    case 'grow':
      learner.grow();
      return false;
    case 'failed':
      return learner.failed(step[1], step[2] === 1009);
    case 'passed':
    case 'acked':
    case 'setCap':
    case 'refused':
      learner[step[0]](step[1]);
      return false;
  }
}

function learn(steps: readonly Step[], remembered?: PathLimit, cap = MIB, start = 16_384): LimitLearner {
  const learner = new LimitLearner(cap, start, remembered, MIB);
  for (const step of steps) perform(learner, step);
  return learner;
}

describe('LimitLearner', () => {
  it.each<[what: string, learner: LimitLearner, limit: number, floor: number, ceiling: number]>([
    ['an unknown path', learn([]), 16_384, 4096, Infinity],
    ['a start below what is safe', learn([], undefined, MIB, 1000), 512, 512, Infinity],
    ['a cap that is no power of two', learn([], undefined, 10_000), 8192, 4096, Infinity],
    ['a cap below what is safe', learn([], undefined, 600), 512, 512, Infinity],
    ['a remembered floor', learn([], { floor: 65_536, ceiling: 0, provisional: false }), 65_536, 65_536, Infinity],
    ['both remembered', learn([], { floor: 8192, ceiling: 32_768, provisional: false }), 8192, 8192, 32_768],
    [
      'a remembered floor off the ladder',
      learn([], { floor: 9000, ceiling: 0, provisional: false }),
      8192,
      8192,
      Infinity,
    ],
    ['nonsense remembered', learn([], { floor: 65_536, ceiling: 10, provisional: false }), 65_536, 65_536, 131_072],
    ['a floor over the cap', learn([], { floor: 1e12, ceiling: 0, provisional: false }, 8192), 8192, 8192, Infinity],
    ['success', learn([['passed', 16_384]]), 16_384, 16_384, Infinity],
    ['growth', learn([['passed', 16_384], ['grow'], ['passed', 32_768], ['grow']]), 65_536, 32_768, Infinity],
    ['no growth before success', learn([['grow'], ['grow']]), 16_384, 4096, Infinity],
    ['no growth over the cap', learn([['setCap', 16_384], ['passed', 16_384], ['grow']]), 16_384, 16_384, Infinity],
    ['an announced cap', learn([['setCap', 5000]]), 4096, 4096, Infinity],
    ['a 1009', learn([['failed', 16_384, 1009]]), 4096, 4096, 16_384],
    ['a 1009 to less than a whole rung', learn([['failed', 9000, 1009]]), 4096, 4096, 16_384],
    ['another code', learn([['failed', 16_384, 1006]]), 4096, 4096, 16_384],
    ['closing in from below', learn([['failed', 16_384, 1009], ['passed', 4096], ['grow']]), 8192, 4096, 16_384],
    [
      'no growth into the ceiling',
      learn([['failed', 16_384, 1009], ['passed', 4096], ['grow'], ['passed', 8192], ['grow']]),
      8192,
      8192,
      16_384,
    ],
    ['one 1009 at the floor', learn([['failed', 4096, 1009]]), 16_384, 4096, Infinity],
    [
      'two 1009 at the floor',
      learn([
        ['failed', 4096, 1009],
        ['failed', 4096, 1009],
      ]),
      2048,
      2048,
      4096,
    ],
    [
      'a limit that fell',
      learn([
        ['passed', 65_536],
        ['failed', 65_536, 1009],
        ['failed', 65_536, 1009],
      ]),
      4096,
      4096,
      65_536,
    ],
    [
      'two cuts at the floor',
      learn([
        ['failed', 4096, 1006],
        ['failed', 4096, 1006],
      ]),
      16_384,
      4096,
      Infinity,
    ],
    [
      'three cuts at the floor',
      learn([
        ['failed', 4096, 1006],
        ['failed', 4096, 1006],
        ['failed', 4096, 1006],
      ]),
      2048,
      2048,
      4096,
    ],
    [
      'three cuts of sizes that are not the same',
      learn([
        ['failed', 4096, 1006],
        ['failed', 700, 1006],
        ['failed', 3000, 1006],
      ]),
      2048,
      2048,
      4096,
    ],
    [
      'three cuts with a success between',
      learn([
        ['failed', 4096, 1006],
        ['failed', 4096, 1006],
        ['passed', 4096],
        ['failed', 4096, 1006],
      ]),
      16_384,
      4096,
      Infinity,
    ],
    [
      'what is too small to blame',
      learn([
        ['failed', 511, 1009],
        ['failed', 511, 1009],
      ]),
      16_384,
      4096,
      Infinity,
    ],
    ['a refusal', learn([['refused', 10_000]]), 8192, 4096, 16_384],
    [
      'a refusal that allows more',
      learn([
        ['failed', 16_384, 1006],
        ['refused', 100_000],
      ]),
      8192,
      4096,
      16_384,
    ],
    [
      'a refusal below the floor',
      learn([
        ['passed', 16_384],
        ['refused', 1000],
      ]),
      512,
      512,
      1024,
    ],
    [
      'a path that carries more after all',
      learn([
        ['failed', 16_384, 1009],
        ['passed', 16_384],
      ]),
      16_384,
      16_384,
      Infinity,
    ],
  ])('%s', (_, learner, limit, floor, ceiling) => {
    expect([learner.limit, learner.floor, learner.ceiling]).toEqual([limit, floor, ceiling]);
  });

  it('tries a suspicion again after 1 MiB, then 2, then 4, and after 1 again once more has passed', () => {
    const learner = learn([['passed', 8192]]);
    for (const mebibytes of [1, 2, 4]) {
      learner.failed(16_384, false);
      learner.acked(mebibytes * MIB - 1);
      expect(learner.ceiling).toBe(16_384);
      learner.acked(1);
      expect(learner.ceiling).toBe(Infinity);
    }
    learner.passed(16_384);
    learner.failed(32_768, false);
    learner.acked(MIB);
    expect(learner.ceiling).toBe(Infinity);
  });

  it('tells no ceiling that no integer of the protocol can say', () => {
    const told = [2 ** 52, 1.5 * 2 ** 52, Number.MAX_SAFE_INTEGER].map(
      (ceiling) => learn([], { floor: 4096, ceiling, provisional: true }).memory.ceiling,
    );
    expect(told).toEqual([2 ** 52, 0, 0]);
  });

  it('tries what one 1009 spoke against once more after 8 MiB, and believes a second', () => {
    const learner = learn([
      ['passed', 8192],
      ['failed', 16_384, 1009],
    ]);
    expect(learner.memory).toEqual({ floor: 8192, ceiling: 16_384, provisional: false });
    learner.acked(8 * MIB);
    expect(learner.ceiling).toBe(Infinity);
    learner.failed(16_384, true);
    learner.acked(800 * MIB);
    expect(learner.ceiling).toBe(16_384);
    expect(learn([['acked', 800 * MIB]], learner.memory).ceiling).toBe(16_384);
  });

  it('gives up after the sixth 1009 in a row at the smallest size, and for no other reason', () => {
    const tiny = { floor: 512, ceiling: 0, provisional: false };
    const learner = learn([], tiny);
    for (let i = 0; i < 5; i++) expect(learner.failed(512, true)).toBe(false);
    expect(learner.failed(512, true)).toBe(true);
    const lucky = learn([], tiny);
    for (let i = 0; i < 50; i++) {
      expect(lucky.failed(512, true)).toBe(false);
      if (i % 5 === 4) lucky.passed(512);
    }
    const cut = learn([], tiny);
    for (let i = 0; i < 50; i++) expect(cut.failed(512, false)).toBe(false);
    expect(cut.limit).toBe(512);
  });

  it('tells each change with its cause', () => {
    const learner = new LimitLearner(MIB, 16_384, undefined, MIB);
    const changes: [number, number, LimitCause][] = [];
    learner.onChange = (...change) => changes.push(change);
    learner.failed(16_384, true);
    learner.passed(4096);
    learner.grow();
    learner.failed(8192, false);
    learner.setCap(2048);
    learner.refused(600);
    expect(changes).toEqual([
      [16_384, 4096, '1009'],
      [4096, 8192, 'grown'],
      [8192, 4096, 'suspected'],
      [4096, 2048, 'announced'],
      [2048, 512, 'refused'],
    ]);
    expect(learner.trail).toEqual([16_384, 4096, 8192, 4096, 2048, 512]);
  });

  it('keeps its bounds whatever happens', () => {
    const size = fc.integer({ min: 1, max: 2 * MIB });
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.tuple(fc.constant('failed' as const), size, fc.constantFrom(1009 as const, 1006 as const)),
      fc.tuple(fc.constantFrom('passed' as const, 'acked' as const), size),
      fc.tuple(fc.constantFrom('setCap' as const, 'refused' as const), fc.integer({ min: 512, max: 2 * MIB })),
      fc.constant<Step>(['grow']),
    );
    const memory = fc.option(fc.record({ floor: fc.nat(), ceiling: fc.nat(), provisional: fc.boolean() }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(memory, fc.integer({ min: 512, max: MIB }), fc.array(step, { maxLength: 60 }), (past, cap, steps) => {
        const learner = new LimitLearner(cap, 16_384, past, MIB);
        let most = cap;
        for (const it of steps) {
          // Packets are never larger than the limit, nor suspected or acknowledged beyond it.
          const [kind, bytes = 0] = it;
          const inBounds = Math.min(bytes, learner.limit);
          if (kind === 'setCap') most = bytes;
          perform(learner, kind === 'failed' ? [kind, inBounds, it[2]] : kind === 'passed' ? [kind, inBounds] : it);
          const { limit, floor, ceiling, trail } = learner;
          expect(floor).toBeGreaterThanOrEqual(512);
          expect(floor).toBeLessThanOrEqual(limit);
          expect(limit).toBeLessThan(ceiling);
          expect(limit).toBeLessThanOrEqual(most);
          expect(Math.log2(limit) % 1).toBe(0);
          expect(trail.length).toBeLessThanOrEqual(32);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
