import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Way } from '../support/sim/lossy-path.ts';
import { runSchedules, scheduleCount } from '../support/sim/run-schedules.ts';
import { calmSchedule } from '../support/sim/schedules.ts';
import type { Schedule, World } from '../support/sim/world.ts';

/** Of the test beside this one. */
const USUAL = 2500;
const BULK_BYTES = 2_000_000;
const MAX_BULKS = 40;
/** Larger packets do not pay on every path: no more than it carries in 4 ms, or an eighth of the window, goes into one. */
const PAYING_BYTES = 65_536;

/** Size of packets to start with. */
const START_BYTES = 16_384;

const rungBelow = (bytes: number): number => 2 ** Math.floor(Math.log2(bytes));

/** Sends bulk each way until the limit is where it should be, or so much that there is no excuse. */
function learn(world: World): void {
  for (let i = 0; i === 0 || (i < MAX_BULKS && !(isLearned(world, 'up') && isLearned(world, 'down'))); i++) {
    for (const node of [world.initiator, world.acceptor]) {
      node.send({
        sizeBytes: BULK_BYTES,
        isText: false,
        channel: '',
        priority: 'auto',
        source: 'bytes',
        isBroken: false,
      });
    }
    world.runUntil(() => world.isSettled, 'the bulk is settled');
  }
}

function trueLimit(world: World, way: Way): number {
  return Math.min(1 << 20, world.schedule[way].limits.at(-1) as number);
}

function isLearned(world: World, way: Way): boolean {
  const learner = (way === 'up' ? world.initiator : world.acceptor).port?.session.link.learner;
  if (learner === undefined) return false;
  const limit = rungBelow(trueLimit(world, way));
  // Where nothing speaks against larger packets, the sender has what it starts with, and more as it pays.
  const isFree = learner.ceiling === Infinity && learner.floor >= Math.min(limit, START_BYTES);
  // Where both limits change, a close that is about the other direction can count against the same size twice.
  const slack = world.schedule[way].limits.length > 1 ? 4 : 2;
  return isFree || learner.floor * slack >= Math.min(PAYING_BYTES, limit);
}

function check(world: World): void {
  for (const way of ['up', 'down'] as const) {
    const learner = (way === 'up' ? world.initiator : world.acceptor).port?.session.link.learner;
    const { faults } = world.ledger;
    if (learner === undefined) {
      faults.push(`${way}: no session`);
      continue;
    }
    const { floor, trail } = learner;
    const limit = trueLimit(world, way);
    // What is larger than pays is not tried again while the path's rate asks for no more.
    if (Math.min(floor, PAYING_BYTES) > limit)
      faults.push(`${way}: the floor is ${floor}, the path carries ${limit}: ${trail.join(' ')}`);
    if (!isLearned(world, way)) faults.push(`${way}: the floor is only ${floor} of ${limit}: ${trail.join(' ')}`);
  }
}

/** A path whose limit does not change, with nothing wrong but what is given. */
function steady(overrides: { [Name in keyof Schedule]?: fc.Arbitrary<Schedule[Name]> }): fc.Arbitrary<Schedule> {
  return fc.tuple(calmSchedule, fc.record(overrides)).map(([calm, some]) => ({ ...calm, ...some }));
}

describe('the limit at the end', () => {
  it('is that of the path, whatever its refusals look like', { timeout: 3_600_000 }, () => {
    const schedules = steady({
      refusal: fc.constantFrom('1009', 'often-1006', 'other-code', 'mixed'),
      dropsUpstream: fc.boolean(),
    });
    runSchedules(schedules, scheduleCount(60, USUAL), (world) => {
      world.settle();
      const before = world.refused.up.length + world.refused.down.length;
      learn(world);
      check(world);
      const refused = world.refused.up.length + world.refused.down.length;
      if (refused - before > 40) world.ledger.faults.push(`${refused - before} packets refused`);
      world.finish();
    });
  });

  it('is found again after the limit has changed', { timeout: 3_600_000 }, () => {
    const limits = fc.array(fc.integer({ min: 1024, max: 300_000 }), { minLength: 2, maxLength: 4 });
    const way = limits.map((steps) => ({ latencyMs: 5, bytesPerMs: 50_000, limits: steps }));
    runSchedules(steady({ up: way, down: way }), scheduleCount(60, USUAL), (world) => {
      world.settle();
      learn(world);
      check(world);
      world.finish();
    });
  });

  it('is not moved by plain cuts', { timeout: 3_600_000 }, () => {
    const way = fc.constantFrom(1, 20, 100).map((latencyMs) => ({ latencyMs, bytesPerMs: 50_000, limits: [1 << 20] }));
    const schedules = steady({ up: way, down: way, cuts: fc.integer({ min: 1, max: 60 }) });
    runSchedules(schedules, scheduleCount(60, USUAL), (world) => {
      world.settle();
      learn(world);
      check(world);
      world.finish();
    });
  });
});
