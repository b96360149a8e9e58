import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { RELAYS, startRelay } from './relays/start-relay.ts';
import type { RelayName } from './relays/start-relay.ts';
import { startUpstream } from './server/upstream.ts';
import type { Bench } from './support/bench.ts';
import { BrowserBench } from './support/browser-bench.ts';
import { NodeBench } from './support/node-bench.ts';
import { until } from './support/until.ts';

// Browsers and proxies at work together: it only ends what hangs.
vi.setConfig({ testTimeout: 60_000 });

const MESSAGE_BYTES = 5 << 20;
/** A relay that says nothing is tried again after 1, 2 and 4 MiB, from either side. */
const MAX_CONNECTIONS = 20;

/** What a relay takes, and what both sides begin with: more than that. */
interface PathLimit {
  readonly limitBytes: number;
  readonly startPacketBytes: number;
}

const NEAR: PathLimit = { limitBytes: 10_000, startPacketBytes: 16_384 };
const FAR: PathLimit = { limitBytes: 50_000, startPacketBytes: 262_144 };

async function deliverBothWays(bench: Bench, relayName: RelayName, path: PathLimit): Promise<void> {
  const { limitBytes, startPacketBytes } = path;
  const upstream = await startUpstream({ startPacketBytes });
  const url = await startRelay(relayName, upstream.port, limitBytes);
  const name = `${relayName} ${limitBytes}`;
  await bench.open(name, url, { startPacketBytes });

  await bench.send(name, MESSAGE_BYTES, { id: 'up', seed: 1 });
  await bench.send(name, 10, { id: 'ask', seed: 2, replyBytes: MESSAGE_BYTES });
  await until('the answer', async () => (await bench.tell(name)).deliveries.length > 0);

  const { stats, retries, lost, errors, deliveries } = await bench.tell(name);
  const down = upstream.sessions[0]?.stats();
  await bench.close(name);
  expect({ lost, errors, sessions: upstream.sessions.length }).toEqual({ lost: 0, errors: [], sessions: 1 });
  expect(upstream.deliveries).toMatchObject([
    { id: 'up', byteLength: MESSAGE_BYTES, isIntact: true, isMarked: false },
    { id: 'ask', byteLength: 10, isIntact: true, isMarked: false },
  ]);
  expect(deliveries).toMatchObject([{ id: 'ask', byteLength: MESSAGE_BYTES, isIntact: true, isMarked: false }]);
  // One for each direction, at least.
  expect(retries.length).toBeGreaterThanOrEqual(2);
  expect(stats.connections).toBeLessThanOrEqual(MAX_CONNECTIONS);
  for (const floor of [stats.limitFloorBytes, down?.limitFloorBytes ?? 0]) {
    expect(floor).toBeLessThanOrEqual(limitBytes);
    // A quarter, since packets grow as far as it pays, and that far it does on any machine.
    expect(floor).toBeGreaterThan(limitBytes / 4);
  }
}

describe.each(RELAYS)('%s', (relayName) => {
  test.each([NEAR, FAR])(
    'that takes $limitBytes bytes gets no more in the end, and 5 MiB arrive in each direction, in Node',
    async (path) => {
      await deliverBothWays(new NodeBench(), relayName, path);
    },
  );
});

describe('in Chromium', () => {
  let bench: BrowserBench;

  beforeAll(async () => {
    bench = await BrowserBench.launch('chromium');
  }, 60_000);

  afterAll(() => bench.stop());

  beforeEach(() => {
    bench.errors.length = 0;
  });

  test.each(RELAYS)('%s has its limit found, and 5 MiB arrive in each direction', async (relayName) => {
    await deliverBothWays(bench, relayName, NEAR);
    expect(bench.errors).toEqual([]);
  });
});
