import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';
import { InspectorRig, openStaticInspector } from './inspector-rig.ts';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 120_000;
const MAX_SCREENSHOT_BYTES = 200_000;

const valueOf = (rig: InspectorRig): Promise<number> =>
  rig.page.$eval('.map', ({ ariaValueNow }) => Number(ariaValueNow));

async function waitForValue(rig: InspectorRig, percent: number): Promise<void> {
  await rig.page.waitForFunction(
    (least: number) => Number(document.querySelector('.map')?.ariaValueNow) >= least,
    {},
    percent,
  );
}

/** The limit in the figures has to come below `kib` KiB. */
async function waitForLimit(rig: InspectorRig, kib: number): Promise<void> {
  await rig.page.waitForFunction(
    (most: number) => {
      const text = document.querySelector('[data-figure="limit"]')?.textContent ?? '';
      return text.endsWith(' KiB') && Number.parseFloat(text) <= most;
    },
    {},
    kib,
  );
}

/** Presses Tab until an element has the focus; the way there is not to be longer than the page. */
async function tabTo(rig: InspectorRig, selector: string): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await rig.page.keyboard.press('Tab');
    if (await rig.page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
  }
  throw new Error(`${selector} cannot be reached by Tab.`);
}

beforeAll(() => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  spawnSync(process.execPath, ['scripts/build-if-stale.mjs'], { cwd, stdio: 'ignore' });
}, TIMEOUT_MS);

describe('the inspector', () => {
  test(
    'fills the map of a file, shows a limit that falls after a 1009, and that the server has the file',
    async () => {
      const rig = await InspectorRig.start(8 * MIB);
      await rig.page.click('#sample');
      await waitForValue(rig, 10);
      const before = await rig.mapColors();
      expect(before.acked).toBeGreaterThan(0);
      expect(before.waiting).toBeGreaterThan(0);
      expect(await valueOf(rig)).toBeLessThan(100);

      await rig.strike('limit-4k');
      await waitForLimit(rig, 4);
      await rig.waitForLog('retry', '1009 Message Too Big', 2);
      await rig.waitForLog('server', 'as it was sent');

      const after = await rig.mapColors();
      expect(after.waiting).toBe(0);
      expect(after.acked).toBeGreaterThan(before.acked);
      expect(after.refused).toBeGreaterThan(0);
      expect(await valueOf(rig)).toBe(100);
      expect(await rig.textOf('.state')).toMatch(/^delivered in .+ · the server has read it, as it was sent$/);
      expect(Number(await rig.textOf('[data-figure="connections"]'))).toBeGreaterThanOrEqual(3);
    },
    TIMEOUT_MS,
  );

  test(
    'shows losses, refusals and waits while the upstream is down, and the resume when it is back',
    async () => {
      const rig = await InspectorRig.start(64 * MIB);
      await rig.page.click('#sample');
      await waitForValue(rig, 5);
      await rig.strike('upstream');
      await rig.page.waitForSelector('[data-fault="upstream"][aria-pressed="true"]');
      await rig.waitForStatus('reconnecting');
      await rig.waitForLog('retry', '1014 Bad Gateway');
      await rig.waitForLog('retry', 'refused', 2);
      await rig.page.waitForFunction(
        () =>
          /closed with 1014, refused, refused/.test(document.getElementById('timeline')?.ariaLabel ?? '') &&
          document.querySelector('.state')?.textContent === 'waits for a connection',
      );
      const waiting = await rig.mapColors();
      const resumes = await rig.countLog('resume');

      await rig.strike('upstream');
      await rig.page.waitForSelector('[data-fault="upstream"][aria-pressed="false"]');
      await rig.waitForStatus('open');
      await rig.waitForLog('resume', 'sent again', resumes + 1);
      await rig.page.waitForFunction(() =>
        /^Connection \d+, now open\./.test(document.getElementById('timeline')?.ariaLabel ?? ''),
      );
      await expect.poll(async () => (await rig.mapColors()).acked).toBeGreaterThan(waiting.acked);
      const { resent, refused } = await rig.mapColors();
      expect(resent + refused).toBeGreaterThan(0);

      await rig.page.click('.transfer button');
      await rig.waitForLog('transfer', 'cancelled');
    },
    TIMEOUT_MS,
  );

  test(
    'has a button for each fault, which does what it says',
    async () => {
      const rig = await InspectorRig.start(1 * MIB);
      const seen: readonly (readonly [fault: string, text: string])[] = [
        ['cut', 'lost by 1006'],
        ['rst', 'lost by 1006'],
        ['1009', 'lost by 1009'],
        ['1014', 'lost by 1014'],
        ['502', 'refused'],
      ];
      for (const [fault, text] of seen) {
        const { length } = seen.filter(
          ([, other], index) => other === text && index < seen.findIndex(([name]) => name === fault),
        );
        const resumes = await rig.countLog('resume');
        await rig.strike(fault);
        await rig.waitForLog('retry', text, length + 1);
        await rig.waitForLog('resume', 'sent again', resumes + 1);
        await rig.waitForStatus('open');
      }

      await rig.strike('offline');
      await rig.waitForStatus('reconnecting');
      await rig.page.waitForSelector('[data-fault="offline"][aria-pressed="true"]');
      await rig.strike('offline');
      await rig.waitForStatus('open');

      await rig.strike('slow');
      // Each way takes 120 ms, and a ping both.
      await rig.page.waitForFunction(
        () => Number.parseFloat(document.querySelector('[data-figure="ping"]')?.textContent ?? '') >= 240,
      );
      await rig.strike('slow');
      await rig.page.waitForFunction(
        () => Number.parseFloat(document.querySelector('[data-figure="ping"]')?.textContent ?? '') < 240,
      );
    },
    TIMEOUT_MS,
  );

  test(
    'is used by keyboard alone',
    async () => {
      const rig = await InspectorRig.start(32 * MIB);
      const { keyboard } = rig.page;
      await tabTo(rig, '#theme input');
      await keyboard.press('ArrowRight');
      await keyboard.press('ArrowRight');
      expect(await rig.page.$eval('html', ({ dataset }) => dataset['theme'])).toBe('dark');
      await tabTo(rig, '[data-fault="limit-32k"]');
      await keyboard.press('ArrowLeft');
      await rig.waitForLog('fault', 'limit-4k');
      await tabTo(rig, '[data-fault="rst"]');
      await keyboard.press('Enter');
      await rig.waitForLog('retry', 'lost by 1006');
      await tabTo(rig, '[data-fault="slow"]');
      await keyboard.press('Space');
      await rig.page.waitForSelector('[data-fault="slow"][aria-pressed="true"]');
      await tabTo(rig, '#picker');
      expect(await rig.page.$eval('#drop', (label) => getComputedStyle(label).outlineStyle)).toBe('solid');
      await tabTo(rig, '#sample');
      await keyboard.press('Enter');
      await rig.page.waitForSelector('.transfer');
      await tabTo(rig, '#words');
      await keyboard.type('hello');
      await keyboard.press('Enter');
      await rig.waitForLog('message', '“hello” came back');
      await tabTo(rig, '.transfer button');
      await keyboard.press('Enter');
      await rig.waitForLog('transfer', 'cancelled');
      expect(await rig.page.$eval(':focus', ({ id }) => id)).toBe('picker');
      await tabTo(rig, '.log');
    },
    TIMEOUT_MS,
  );

  test(
    'sends files that are picked and dropped, side by side where their priorities differ',
    async () => {
      const rig = await InspectorRig.start(1 * MIB);
      const folder = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const path = join(folder, 'picked');
      await writeFile(path, patternBytes(8 * MIB));
      const picker = await rig.page.$('#picker');
      await (picker as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(path);
      await rig.page.waitForSelector('.transfer');
      await rig.page.select('#priority', 'low');
      await rig.page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(2_000_000)], 'dropped'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      });
      const stateOf = (channel: string): string =>
        [...document.querySelectorAll<HTMLTableRowElement>('#channels tr')].find(
          ({ cells }) => cells[0]?.textContent === channel,
        )?.dataset['state'] ?? '';
      await rig.page.waitForFunction(`(() => {
        const stateOf = ${String(stateOf)};
        return stateOf('uploads.auto') === 'sending' && stateOf('uploads.low') === 'sending';
      })()`);
      await rig.waitForLog('server', 'has read picked');
      await rig.waitForLog('server', 'has read dropped');
      await rig.page.waitForFunction(`(() => {
        const stateOf = ${String(stateOf)};
        return stateOf('uploads.auto') === 'idle' && stateOf('uploads.low') === 'idle';
      })()`);
    },
    TIMEOUT_MS,
  );

  test(
    'fits a phone and a desktop, in light and dark, while an upload goes over faults',
    async () => {
      const target = process.env['INSPECTOR_SCREENSHOTS'];
      // For people to look at, there is to be more to see.
      const patience = target === undefined ? 1 : 3;
      const rig = await InspectorRig.start(64 * MIB);
      const { page } = rig;
      await page.click('#sample');
      await waitForValue(rig, 8 * patience);
      await rig.strike('1014');
      await rig.waitForLog('resume', 'sent again', 2);
      await waitForValue(rig, 16 * patience);
      await rig.strike('limit-4k');
      await waitForLimit(rig, 4);
      if (target !== undefined) {
        await waitForValue(rig, 20 * patience);
        await rig.strike('upstream');
        await rig.waitForLog('retry', 'refused', 2);
        await rig.strike('upstream');
        await rig.waitForStatus('open');
        await rig.strike('limit-32k');
        await page.select('#priority', 'high');
        await page.click('#sample');
        await page.waitForSelector('.transfer + .transfer');
        await waitForValue(rig, 4 * patience);
        await rig.strike('rst');
        await rig.waitForLog('retry', 'lost by 1006');
        await rig.waitForStatus('open');
      }

      for (const width of [1280, 390, 360]) {
        await page.setViewport({ width, height: 844 });
        for (const scheme of ['light', 'dark']) {
          await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
          await page.waitForFunction(() => document.getAnimations().length === 0);
          // Two frames: one to lay out, one to draw.
          await page.evaluate(
            () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
          );
          expect(await rig.hasSidewaysScroll()).toBe(false);
          expect((await rig.mapColors()).acked).toBeGreaterThan(0);
          if (target === undefined || width === 360) continue;
          const isPhone = width < 1000;
          const image = await page.screenshot({
            fullPage: !isPhone,
            ...(isPhone ? { clip: { x: 0, y: 0, width, height: 1560 } } : {}),
            captureBeyondViewport: true,
          });
          expect(image.length).toBeLessThan(MAX_SCREENSHOT_BYTES);
          await mkdir(target, { recursive: true });
          await writeFile(join(target, `${isPhone ? 'phone' : 'desktop'}-${scheme}.png`), image);
        }
      }
    },
    TIMEOUT_MS,
  );

  test(
    'watches a server of somebody else, as static files',
    async () => {
      const { url, server } = await startServer();
      server.on('session', (session) => session.on('message', () => undefined));
      const page = await openStaticInspector();
      await page.type('#socket', url);
      await page.keyboard.press('Enter');
      await page.waitForSelector('#status[data-status="open"]');
      expect(await page.$eval('#faults', (faults) => faults.matches('[hidden]'))).toBe(true);
      await page.evaluate(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(300_000)], 'dropped'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      });
      await page.waitForFunction(() => document.querySelector('.state')?.textContent.startsWith('delivered'));
    },
    TIMEOUT_MS,
  );
});
