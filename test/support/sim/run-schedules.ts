import fc from 'fast-check';
import type { Schedule } from './world.ts';
import { World } from './world.ts';

const { CI, CHUNKSOCKET_SCHEDULES, CHUNKSOCKET_SEED } = process.env;
const CI_SEED = 20_261_122;

/**
 * The seed of this run; said in the output, so that a run can be repeated with CHUNKSOCKET_SEED. In CI always the same: a
 * change is not to be judged by the luck of the draw.
 */
export const seed: number = Number(
  CHUNKSOCKET_SEED ?? (CI === undefined ? Math.floor(Math.random() * 2 ** 31) : CI_SEED),
);

/**
 * How many schedules to run where `count` is usual: CHUNKSOCKET_SCHEDULES is the number of the largest test, the others
 * follow in proportion.
 */
export function scheduleCount(count: number, largest: number): number {
  return CHUNKSOCKET_SCHEDULES === undefined ? count : Math.ceil((count * Number(CHUNKSOCKET_SCHEDULES)) / largest);
}

/**
 * Runs `count` schedules through `run`, which leaves what it finds wrong in the ledger. A failure shows the smallest
 * schedule found that fails, and the seed that leads to it.
 */
export function runSchedules(arbitrary: fc.Arbitrary<Schedule>, count: number, run: (world: World) => void): void {
  console.info(`seed ${seed}, ${count} schedules`);
  fc.assert(
    fc.property(arbitrary, (schedule) => {
      const world = new World(schedule);
      run(world);
      const { faults } = world.ledger;
      if (faults.length > 0) throw new Error([...new Set(faults)].slice(0, 10).join('\n'));
    }),
    { seed, numRuns: count, interruptAfterTimeLimit: 0x7fffffff },
  );
}
