import { createHash } from 'node:crypto';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChunkSocketOptions } from '../../src/index.ts';
import type { Rig, RigOptions } from '../browser/rig.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import type { Life } from './page/main.ts';
import { launchChromium, LivePage, servePages, startRig } from './rig.ts';

declare const life: Life;

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
/** A wait of an hour after each loss: what comes back sooner was called back. */
const patient: ChunkSocketOptions = { retryBaseMs: HOUR_MS, retryMaxMs: HOUR_MS };
const quick: ChunkSocketOptions = { retryBaseMs: 20, retryMaxMs: 100 };
const UPLOAD_BYTES = 4 * MIB;
const uploadHash = createHash('sha256').update(patternBytes(UPLOAD_BYTES)).digest('hex');

let browser: Browser;
let pages: Awaited<ReturnType<typeof servePages>>;

beforeAll(async () => {
  [browser, pages] = await Promise.all([launchChromium(), servePages()]);
}, 60_000);

afterAll(async () => {
  await browser.close();
  await pages.stop();
});

interface Started {
  readonly rig: Rig;
  readonly live: LivePage;
}

/** A page with an open socket. */
async function start(options: ChunkSocketOptions, rigOptions: RigOptions = {}): Promise<Started> {
  const rig = await startRig(rigOptions);
  const live = await LivePage.open(browser, pages.url);
  await live.open(rig.proxy.url, options);
  return { rig, live };
}

/** An upload takes so long that it can be caught in the middle. */
const slow: RigOptions = { faults: { shape: { bytesPerSecond: 2_000_000 } } };

async function underWay(rig: Rig, connection: number): Promise<void> {
  await expect
    .poll(() => rig.proxy.connections[connection]?.counters.toServer.bytesOut ?? 0, { timeout: 10_000 })
    .toBeGreaterThan(100_000);
}

/** The first connection stands still once so much of an upload was handed on. */
const stalling: RigOptions = { cuts: [{ direction: 'toServer', afterBytes: MIB, how: 'stall' }] };

async function expectUpload(rig: Rig): Promise<void> {
  expect(await rig.messages.next()).toMatchObject({ byteLength: UPLOAD_BYTES, sha256: uploadHash });
  expect(rig.messages.items).toEqual([]);
}

async function expectTold(live: LivePage, what: string): Promise<void> {
  await expect.poll(() => live.told(), { timeout: 10_000 }).toContain(what);
}

describe('a page in Chromium', () => {
  test('that was offline resumes when it is online, long before its next attempt is due', async () => {
    const { rig, live } = await start(patient, stalling);
    await live.upload(UPLOAD_BYTES);
    await rig.proxy.waitFor('stalled');
    await live.page.setOfflineMode(true);
    await rig.proxy.refuseConnections();
    rig.proxy.cutAll('rst');
    await expectTold(live, 'retry');
    await rig.proxy.acceptConnections();
    await live.page.setOfflineMode(false);
    await live.uploaded();
    await expectUpload(rig);
    expect(await live.told()).toContain('resume');
    expect(rig.sessionCount).toBe(1);
  });

  test('that is frozen while its connection is lost goes on when it is thawed', async () => {
    const { rig, live } = await start(quick, stalling);
    await live.upload(UPLOAD_BYTES);
    await rig.proxy.waitFor('stalled');
    await live.setState('frozen');
    rig.proxy.cutAll('rst');
    await rig.proxy.waitFor('closed');
    const [session] = rig.sessions;
    const note = session?.send('while you slept');
    await live.setState('active');
    await live.uploaded();
    await note?.delivered;
    await expectUpload(rig);
    await expectTold(live, 'message while you slept');
    expect(rig.sessionCount).toBe(1);
  });

  test('in a hidden tab, whose timers are throttled, transfers and comes back from a cut', async () => {
    const { rig, live } = await start(
      { retryBaseMs: 50, retryMaxMs: 200, heartbeatMs: 1000 },
      { maxPayload: 32 * 1024 },
    );
    const front = await browser.newPage();
    await front.bringToFront();
    await expect.poll(() => live.isHidden()).toBe(true);
    for (let round = 1; round <= 3; round++) {
      await live.upload(UPLOAD_BYTES);
      await underWay(rig, rig.proxy.connections.length - 1);
      rig.proxy.cutAll(round === 2 ? 'fin' : 'rst');
      await live.uploaded();
      await expectUpload(rig);
    }
    expect(rig.sessionCount).toBe(1);
    await front.close();
  });

  test('that is left and comes back out of the back/forward cache resumes', async () => {
    const { rig, live } = await start(patient, slow);
    await live.upload(UPLOAD_BYTES);
    await underWay(rig, 0);
    await live.page.goto(`${pages.url}other`);
    await rig.proxy.waitFor('closed');
    await live.page.goBack();
    await expectTold(live, 'back');
    await live.uploaded();
    await expectUpload(rig);
    expect(rig.sessionCount).toBe(1);
  });

  test('that is reloaded in mid-upload has a new session; of the old one nothing is handed over, or stays', async () => {
    const { rig, live } = await start({}, { ...slow, server: { resumeMs: 300 } });
    await live.upload(UPLOAD_BYTES);
    await underWay(rig, 0);
    rig.proxy.faults.shape = undefined;
    await live.page.reload();
    expect(await rig.closes.next()).toMatchObject({ wasClean: false });
    expect(rig.messages.items).toEqual([]);
    expect(rig.sessions).toEqual([]);
    await live.open(rig.proxy.url);
    await live.upload(UPLOAD_BYTES);
    await live.uploaded();
    await expectUpload(rig);
    expect(rig.sessionCount).toBe(2);
  });

  test('beside another of its origin has a session of its own, and neither notices the other', async () => {
    const rig = await startRig({ ...slow, maxPayload: 32 * 1024, isSilent: true });
    const tabs = [await LivePage.open(browser, pages.url), await LivePage.open(browser, pages.url)];
    const [first, second] = tabs as [LivePage, LivePage];
    for (const tab of tabs) await tab.open(rig.proxy.url, { ...quick, rememberLimits: 'localStorage' });
    for (const tab of tabs) await tab.upload(UPLOAD_BYTES);
    await underWay(rig, 0);
    rig.proxy.connections[0]?.cut('rst');
    await Promise.all([first.uploaded(), second.uploaded()]);
    const got = await rig.messages.take(2);
    expect(got.map(({ sha256 }) => sha256)).toEqual([uploadHash, uploadHash]);
    expect(rig.messages.items).toEqual([]);
    expect(rig.sessionCount).toBe(2);
    await first.page.evaluate(() => life.close());
    await second.send('still here');
    expect(await rig.messages.next()).toMatchObject({ text: 'still here' });
  });
});

describe('a computer that slept for an hour', () => {
  test('finds out that its connection is dead, and goes on in the session', async () => {
    const { rig, live } = await start(quick, stalling);
    await live.upload(UPLOAD_BYTES);
    await rig.proxy.waitFor('stalled');
    await live.setState('frozen');
    for (const connection of rig.proxy.connections) connection.halfOpen();
    await live.sleep(HOUR_MS);
    await live.setState('active');
    await live.uploaded();
    await expectUpload(rig);
    expect(rig.sessionCount).toBe(1);
    expect(await live.told()).toContain('resume');
  });

  test('whose session the server has forgotten is told so, and goes on in a new one', async () => {
    const { rig, live } = await start(quick);
    await live.send('before');
    await live.setState('frozen');
    await rig.restart();
    await live.sleep(HOUR_MS);
    await live.setState('active');
    await expectTold(live, 'lost');
    await live.send('after');
    expect((await rig.messages.take(2)).map(({ text }) => text)).toEqual(['before', 'after']);
    expect(await live.status()).toBe('open');
  });
});

describe('a worker', () => {
  test('that is terminated in mid-upload disturbs nobody, and its session ends', async () => {
    const { rig, live } = await start({}, { ...slow, server: { resumeMs: 300 } });
    await live.send('from the page');
    await rig.messages.next();
    void live.page
      .evaluate((...args) => life.workerUpload(...args), rig.proxy.url, UPLOAD_BYTES)
      .catch(() => undefined);
    await underWay(rig, 1);
    await live.page.evaluate(() => {
      life.terminateWorker();
    });
    expect(await rig.closes.next()).toMatchObject({ wasClean: false });
    expect(rig.messages.items).toEqual([]);
    await live.send('still here');
    expect(await rig.messages.next()).toMatchObject({ text: 'still here' });
    expect(rig.sessions.length).toBe(1);
  });

  test('sends and resumes as a page does', async () => {
    const { rig, live } = await start({}, slow);
    const done = live.page.evaluate((...args) => life.workerUpload(...args), rig.proxy.url, UPLOAD_BYTES);
    await underWay(rig, 1);
    rig.proxy.connections[1]?.cut('rst');
    expect(await done).toBe('delivered');
    await expectUpload(rig);
    expect(rig.sessionCount).toBe(2);
  });
});
