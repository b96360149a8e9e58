import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../support/sim/random.ts';
import { ChaosRun } from './chaos-run.ts';
import { CorruptingRelay } from './corrupting-relay.ts';
import type { CorruptionReport } from './page/corruption.ts';
import { scaledClock } from './scaled-clock.ts';
import { Site } from './site.ts';

const MIB = 1024 * 1024;
const SEED = Number(process.env['CHAOS_SEED'] ?? 77);
const ROUNDS = 3;
const PER_ROUND = 8;
const TIME_SCALE = 20;
const MAX_GROWTH = 3 * MIB;
/** Nothing is timed: it only ends what hangs. */
const HANG_MS = 120_000;

let run: ChaosRun;
let site: Site;

beforeAll(async () => {
  site = await Site.start({ clock: scaledClock(TIME_SCALE), resumeMs: 20_000, heartbeatMs: 6000 });
  site.server.on('session', (session) => {
    session.on('message', ({ channel, data }) => {
      if (channel === 'echo') session.send(data);
    });
    // That it ended in an error is how it should be.
    session.on('error', () => undefined);
  });
  run = await ChaosRun.start('chromium', SEED);
}, HANG_MS);

afterAll(async () => {
  await run[Symbol.asyncDispose]();
  await site.stop();
});

/** One socket on a path that changes bytes. */
async function corrupt(index: number): Promise<CorruptionReport & { readonly changedBytes: number }> {
  const relay = await CorruptingRelay.start(site.port, new Random(SEED + index));
  try {
    const report = await run.link.call<CorruptionReport>('corrupt', { seed: SEED, index, url: relay.url });
    return { ...report, changedBytes: relay.changedBytes };
  } finally {
    await relay.stop();
  }
}

test(
  'bytes that are changed on the way end in nothing worse than an end with a name',
  async () => {
    console.log(`corruption: CHAOS_SEED=${SEED}`);
    let changedBytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const indices = Array.from({ length: PER_ROUND }, (_, index) => round * PER_ROUND + index);
      for (const report of await Promise.all(indices.map(corrupt))) {
        const { sent } = report;
        expect(report).toMatchObject({ settled: sent, status: 'closed' });
        expect(report.end).toMatch(/^\d{4} /);
        changedBytes += report.changedBytes;
      }
      await run.measure();
    }
    expect(changedBytes).toBeGreaterThan(ROUNDS * PER_ROUND);

    const [first, ...later] = run.heaps as { page: number; server: number }[];
    for (const { page, server } of later) {
      expect(page - (first?.page ?? 0)).toBeLessThan(MAX_GROWTH);
      expect(server - (first?.server ?? 0)).toBeLessThan(MAX_GROWTH);
    }
    expect(run.link.pageErrors).toEqual([]);
    // What comes after it is not touched by it.
    const url = `ws://127.0.0.1:${site.port}`;
    expect(await run.link.call('echo', { seed: SEED, index: 0, url })).toBe(true);
  },
  HANG_MS,
);
