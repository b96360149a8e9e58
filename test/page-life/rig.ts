import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import type { Browser, CDPSession, Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import type { ChunkSocketOptions } from '../../src/index.ts';
import { Rig } from '../browser/rig.ts';
import type { RigOptions } from '../browser/rig.ts';
import { chromiumArgs, findChromium } from '../support/find-browser.mjs';
import type { Life } from './page/main.ts';

declare const life: Life;

/** Timers of hidden pages are slowed down to one a minute after a second, instead of five minutes. */
const throttleSoon = '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1';

/** A clock that jumps when it is told to, as that of a computer that slept. */
const jumpingClock = `
  let sleptMs = 0;
  globalThis.sleep = (ms) => { sleptMs += ms; };
  for (const clock of [performance, Date]) {
    const now = clock.now.bind(clock);
    clock.now = () => now() + sleptMs;
  }
`;

export function launchChromium(): Promise<Browser> {
  return puppeteer.launch({
    executablePath: findChromium() ?? 'chromium',
    args: [...chromiumArgs, throttleSoon],
    protocolTimeout: 60_000,
  });
}

/** Serves the pages; returns where. */
export async function servePages(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const [page, worker] = await Promise.all([bundle('main.ts'), bundle('worker.ts')]);
  const scripts = new Map([
    ['/page.js', page],
    ['/worker.js', worker],
  ]);
  const http = createServer(({ url = '' }, response) => {
    const script = scripts.get(url);
    const page = `<!doctype html><title>${url}</title><script src="/page.js"></script>`;
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript').end(script ?? page);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** A page of the browser, with the socket in it. */
export class LivePage {
  readonly page: Page;
  readonly #cdp: CDPSession;
  readonly #errors: unknown[] = [];

  private constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.#cdp = cdp;
    page.on('pageerror', (error) => this.#errors.push(error));
  }

  /** Closed when the test is over, which fails when the page had an error. */
  static async open(browser: Browser, pageUrl: string): Promise<LivePage> {
    const page = await browser.newPage();
    const live = new LivePage(page, await page.createCDPSession());
    onTestFinished(async () => {
      await page.close();
      expect(live.#errors).toEqual([]);
    });
    await page.evaluateOnNewDocument(jumpingClock);
    await page.goto(pageUrl);
    return live;
  }

  async open(url: string, options: ChunkSocketOptions = {}): Promise<void> {
    await this.page.evaluate((...args) => life.open(...args), url, options);
  }

  /** Begins to send so many bytes. */
  async upload(byteLength: number): Promise<void> {
    await this.page.evaluate((given) => {
      life.upload(given);
    }, byteLength);
  }

  uploaded(): Promise<void> {
    return this.page.evaluate(() => life.uploaded());
  }

  send(text: string): Promise<void> {
    return this.page.evaluate((given) => life.send(given), text);
  }

  told(): Promise<readonly string[]> {
    return this.page.evaluate(() => life.told());
  }

  status(): Promise<string> {
    return this.page.evaluate(() => life.status());
  }

  isHidden(): Promise<boolean> {
    return this.page.evaluate(() => document.hidden);
  }

  async setState(state: 'frozen' | 'active'): Promise<void> {
    await this.#cdp.send('Page.setWebLifecycleState', { state });
  }

  /** What the clocks of a computer show that slept for so long. */
  async sleep(ms: number): Promise<void> {
    await this.page.evaluate(`sleep(${ms})`);
  }
}

/** A server behind a proxy, stopped when the test is over. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const rig = await Rig.start(options);
  onTestFinished(() => rig.stop());
  return rig;
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`page/${name}`, import.meta.url))],
    bundle: true,
    write: false,
    target: 'es2022',
    format: 'iife',
  });
  return outputFiles[0]?.text ?? '';
}
