import { describe, it } from 'vitest';
import { runSchedules, scheduleCount } from '../support/sim/run-schedules.ts';
import { anySchedule } from '../support/sim/schedules.ts';

const USUAL = 2500;

describe('two sessions over a path that cuts, refuses and forgets', () => {
  it(
    'deliver every message once, in order and intact, settle every transfer truthfully, and come to an end',
    { timeout: 3_600_000 },
    () => {
      runSchedules(anySchedule, scheduleCount(USUAL, USUAL), (world) => {
        world.run();
      });
    },
  );
});
