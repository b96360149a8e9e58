import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stats } from '../../src/index.ts';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import { Random } from '../support/sim/random.ts';
import { launchEngine } from './engines.ts';
import type { Engine } from './engines.ts';
import { PageLink } from './page-link.ts';
import { Site } from './site.ts';

const KIB = 1024;
const SEED = Number(process.env['CHAOS_SEED'] ?? 50);
const CUTS = 50;
const MEBIBYTES = 16;
/** What pays on every machine: a limit grows no further than that. */
const MAX_PACKET_BYTES = 32 * KIB;
/** Nothing is timed: it only ends what hangs. */
const HANG_MS = 120_000;

let link: PageLink;
let engine: Engine;
let site: Site;

beforeAll(async () => {
  link = await PageLink.start();
  [engine, site] = await Promise.all([
    launchEngine('chromium', link.url),
    Site.start({ maxPacketBytes: MAX_PACKET_BYTES }),
  ]);
  site.server.on('session', (session) => {
    session.on('incoming', async (incoming) => {
      await incoming.stream().pipeTo(new WritableStream());
    });
  });
}, HANG_MS);

afterAll(async () => {
  await engine.close();
  await site.stop();
  await link.stop();
});

test.each([
  { path: 'takes all that the two ends do', pathBytes: undefined, goodBytes: MAX_PACKET_BYTES },
  { path: 'has a limit of its own', pathBytes: 20_000, goodBytes: 16 * KIB },
])(
  '50 plain cuts during a big upload leave the limit where it was, on a path that $path',
  async ({ pathBytes, goodBytes }) => {
    console.log(`plain cuts: CHAOS_SEED=${SEED}`);
    const random = new Random(SEED);
    let isCutting = false;
    const proxy = await FaultProxy.start({
      targetPort: site.port,
      onConnection: (connection) => {
        const direction = random.pick(['toServer', 'toClient'] as const);
        const afterBytes = direction === 'toServer' ? random.int(1, 1_500_000) : random.int(200, 500);
        const how = random.pick(['fin', 'rst'] as const);
        if (isCutting) connection.cutAfterBytes(direction, afterBytes, how);
      },
    });
    if (pathBytes !== undefined) {
      proxy.setMessageLimit({ direction: 'toServer', maxBytes: pathBytes, how: 'close-1009' });
    }
    try {
      const upload = (): Promise<Stats> =>
        link.call('upload', { url: proxy.url, maxPacketBytes: MAX_PACKET_BYTES, mebibytes: MEBIBYTES });
      // The second one is for a limit that is tried once more, and then for good; more, where the machine has so much else
      // to do that no packet is as large as that.
      await upload();
      let before = await upload();
      while (before.limitFloorBytes < goodBytes) before = await upload();
      expect(before).toMatchObject({ limitBytes: goodBytes, limitFloorBytes: goodBytes });

      isCutting = true;
      proxy.cutAll('rst');
      const countCuts = (): number => proxy.log.filter(({ what }) => what === 'cut').length;
      const cutsBefore = countCuts();
      let after = await upload();
      while (countCuts() - cutsBefore < CUTS) after = await upload();
      isCutting = false;

      expect(after).toMatchObject({ limitBytes: goodBytes, limitFloorBytes: goodBytes });
      expect(after.connections - before.connections).toBeGreaterThan(CUTS / 2);
      expect(link.pageErrors).toEqual([]);
    } finally {
      await link.call('endUpload');
      await proxy.stop();
    }
  },
  HANG_MS,
);
