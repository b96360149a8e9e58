import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ChaosRun } from './chaos-run.ts';
import type { EngineName } from './engines.ts';
import { KINDS } from './make-plan.ts';

const MIB = 1024 * 1024;
const SEED = Number(process.env['CHAOS_SEED'] ?? 20_261_122);
const ONLY = process.env['CHAOS_ONLY'];
const BATCHES = 4;
const PER_BATCH = 5 * KINDS.length;
const CONCURRENCY = 8;
const CORE = 2 * KINDS.length;
/** Code that was compiled meanwhile, and the tables of both. */
const MAX_GROWTH = 3 * MIB;
/** Nothing is timed: it only ends what hangs. */
const HANG_MS = 300_000;

const indicesOf = (from: number, count: number): number[] =>
  ONLY === undefined ? Array.from({ length: count }, (_, index) => from + index) : [Number(ONLY)];

const launch = (name: EngineName): Promise<ChaosRun> => {
  console.log(`chaos in ${name}: CHAOS_SEED=${SEED}`);
  return ChaosRun.start(name, SEED);
};

describe('random faults over random traffic in chromium', () => {
  let run: ChaosRun;

  beforeAll(async () => {
    run = await launch('chromium');
  }, HANG_MS);

  afterAll(async () => {
    await run[Symbol.asyncDispose]();
  });

  test.each(Array.from({ length: BATCHES }, (_, batch) => batch * PER_BATCH))(
    `each message comes once, in order and intact, and each transfer settles: ${PER_BATCH} schedules from %i on`,
    async (from) => {
      await run.batch(indicesOf(from, PER_BATCH), CONCURRENCY);
      expect(run.tally.failures).toEqual([]);
    },
    HANG_MS,
  );

  test('there is no error in the page, and no rejection that nobody handles', () => {
    expect(run.tally.schedules).toBeGreaterThan(0);
    expect(run.link.pageErrors).toEqual([]);
  });

  test('neither end holds more from batch to batch', () => {
    const [, second, ...later] = run.heaps as { page: number; server: number }[];
    expect(later).toHaveLength(BATCHES - 2);
    for (const { page, server } of later) {
      expect(page - (second?.page ?? 0)).toBeLessThan(MAX_GROWTH);
      expect(server - (second?.server ?? 0)).toBeLessThan(MAX_GROWTH);
    }
  });
});

describe.each(['firefox', 'webkit'] as const)('random faults over random traffic in %s', (name) => {
  let run: ChaosRun;

  beforeAll(async () => {
    run = await launch(name);
  }, HANG_MS);

  afterAll(async () => {
    await run[Symbol.asyncDispose]();
  });

  test(
    `each message comes once, in order and intact, and each transfer settles: ${CORE} schedules`,
    async () => {
      await run.batch(indicesOf(0, CORE), CONCURRENCY);
      expect(run.tally.failures).toEqual([]);
      expect(run.link.pageErrors).toEqual([]);
    },
    HANG_MS,
  );
});
