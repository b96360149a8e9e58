import puppeteer from 'puppeteer-core';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { chromiumArgs, findChromium, findFirefox } from '../support/find-browser.mjs';
import { isTextSource, SOURCES, TAKES } from './cases.ts';
import type { Case } from './cases.ts';
import type { Engine } from './page/main.ts';
import { EngineRig } from './rig.ts';

declare const engine: Engine;

const KIB = 1024;
const LIMIT = 16 * KIB;
const CUT_BYTES = 2 * KIB * KIB + 7;

/** Around the largest packet and the initial credit of a channel, which are the same here, and several times both. */
const SIZES = [0, 1, LIMIT - 65, LIMIT - 1, LIMIT, LIMIT + 1, 10 * LIMIT + 3];

const launchers: Record<string, () => Promise<Browser>> = {
  chromium: () =>
    puppeteer.launch({ executablePath: findChromium() ?? 'chromium', args: chromiumArgs, protocolTimeout: 120_000 }),
  firefox: () =>
    puppeteer.launch({ browser: 'firefox', executablePath: findFirefox() ?? 'firefox', protocolTimeout: 120_000 }),
};

describe.each(Object.keys(launchers))('in %s', (name) => {
  let browser: Browser;
  let page: Page;
  let rig: EngineRig;

  beforeAll(async () => {
    [browser, rig] = await Promise.all([launchers[name]?.() as Promise<Browser>, EngineRig.start(LIMIT)]);
    page = await browser.newPage();
    await page.goto(rig.pageUrl);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await rig.stop();
  });

  let errors: unknown[] = [];
  beforeEach(() => {
    errors = [];
    page.removeAllListeners('pageerror').on('pageerror', (error) => {
      // Firefox reports each lost connection as an error of the page.
      if (!String(error).includes('The connection to ws:')) errors.push(error);
    });
  });

  const up = async (tested: Case): Promise<void> => {
    const report = await page.evaluate((url, given) => engine.up(url, given), rig.socketUrl, tested);
    const isText = isTextSource(tested.source);
    expect({ tested, report }).toEqual({ tested, report: { isText, byteLength: tested.byteLength, isIntact: true } });
    expect(errors).toEqual([]);
  };

  const down = async (tested: Case): Promise<void> => {
    const problems = await page.evaluate((url, given) => engine.down(url, given), rig.socketUrl, tested);
    expect({ tested, problems }).toEqual({ tested, problems: [] });
    expect(errors).toEqual([]);
  };

  test.each(SOURCES)('%s goes up, in every size', async (source) => {
    for (const byteLength of SIZES) await up({ source, take: 'stream()', byteLength });
  });

  test.each(SOURCES)('%s goes up, with a cut in the middle', async (source) => {
    rig.cutNext('toServer', CUT_BYTES / 2);
    await up({ source, take: 'stream()', byteLength: CUT_BYTES });
    expect(rig.proxy.log.filter(({ what }) => what === 'cut').length).toBeGreaterThan(0);
  });

  test('256 MiB that are cut at 90 % go on there: at most 2 MiB are sent again', async () => {
    const byteLength = 256 * KIB * KIB;
    rig.cutNext('toServer', 0.9 * byteLength);
    const { report, resentBytes, connections } = await page.evaluate(
      (url, mebibytes) => engine.upBig(url, mebibytes),
      rig.socketUrl,
      256,
    );
    expect(report).toEqual({ isText: false, byteLength, isIntact: true });
    expect(connections).toBe(2);
    expect(resentBytes).toBeLessThanOrEqual(2 * KIB * KIB);
  }, 120_000);

  describe.each(['blob', 'string'] as const)('a %s that comes down', (source) => {
    // Bytes that are no UTF-8 do not survive text().
    const takes = TAKES.filter((take) => source === 'string' || take !== 'text()');

    test.each(takes)('is taken by %s, in every size', async (take) => {
      for (const byteLength of SIZES) await down({ source, take, byteLength });
    });

    test.each(takes)('is taken by %s, with a cut in the middle', async (take) => {
      rig.cutNext('toClient', CUT_BYTES / 2);
      await down({ source, take, byteLength: CUT_BYTES });
    });
  });

  test.each(SOURCES)('%s of the server comes down', async (source) => {
    for (const byteLength of [0, LIMIT, CUT_BYTES]) await down({ source, take: 'stream()', byteLength });
  });
});
