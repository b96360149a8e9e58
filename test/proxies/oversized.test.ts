import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Story } from './page/socket-bench.ts';
import { startUpstream } from './server/upstream.ts';
import { BROWSERS, BrowserBench } from './support/browser-bench.ts';
import { PROXIES, startProxy } from './support/reverse-proxy.ts';

// Browsers and proxies at work together: it only ends what hangs.
vi.setConfig({ testTimeout: 60_000 });

const KIB = 1024;
const LIMIT = 8 * KIB;
const SENDS = 100;
/**
 * Each on a port of its own, for Firefox waits longer and longer before it comes back to one where it failed; and no more
 * of them, for Chromium waits seconds with the next connection when many are being opened.
 */
const AT_A_TIME = 8;
const NATIVE_SENDS = 8;

/** Sizes of messages, each over the limit. */
const SIZES = [9 * KIB, 24 * KIB, 64 * KIB, 160 * KIB];
/** Sizes of the packets that a socket begins with. */
const STARTS = [16 * KIB, 256 * KIB];

const sizeOf = (index: number): number => SIZES[index % SIZES.length] as number;
const startOf = (index: number): number => STARTS[Math.floor(index / SIZES.length) % STARTS.length] as number;

describe.each(BROWSERS)('100 sends that are too big, each on a socket of its own, in %s', (browserName) => {
  let bench: BrowserBench;

  beforeAll(async () => {
    bench = await BrowserBench.launch(browserName);
  }, 60_000);

  afterAll(() => bench.stop());

  beforeEach(() => {
    bench.errors.length = 0;
  });

  test.each(PROXIES)(
    'through %s arrive once, whatever code the page saw',
    async (proxyName) => {
      const upstream = await startUpstream({ maxPayload: LIMIT });
      const proxy = await startProxy(proxyName, { upstreamPort: upstream.port, portCount: AT_A_TIME });
      const stories: Story[] = [];
      let next = 0;
      const sendInTurn = async (url: string): Promise<void> => {
        for (let index = next++; index < SENDS; index = next++) {
          const name = `${proxyName} ${index}`;
          await bench.open(name, url, { startPacketBytes: startOf(index) });
          await bench.send(name, sizeOf(index), { id: String(index), seed: index + 1 });
          stories[index] = await bench.tell(name);
          await bench.close(name);
        }
      };

      await Promise.all(proxy.urls.map(sendInTurn));

      const closes = stories.flatMap(({ retries }) => retries.map(({ close }) => close));
      const counts = count(closes.map(({ code, wasClean }) => `${code}${wasClean ? ' clean' : ''}`));
      const native = count(await bench.sendNative(proxy.urls, NATIVE_SENDS, 160 * KIB));
      console.log(`${browserName} through ${proxyName}: ${JSON.stringify({ closes: counts, native })}`);
      const expected = stories.map((_story, index) => [String(index), sizeOf(index), true, false]);
      const arrived = upstream.deliveries.map((one) => [one.id, one.byteLength, one.isIntact, one.isMarked]);
      expect(arrived.sort(([a], [b]) => Number(a) - Number(b))).toEqual(expected);
      expect(stories.filter(({ retries, lost }) => retries.length === 0 || lost > 0)).toEqual([]);
      expect(stories.flatMap(({ errors }) => errors)).toEqual([]);
      expect(upstream.sessions).toHaveLength(SENDS);
      expect(bench.errors).toEqual([]);
    },
    60_000,
  );
});

function count(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of [...values].sort()) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
