import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import type { Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { chromiumArgs, findChromium } from '../support/find-browser.mjs';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CUT_MS = 1000;
const START_TIMEOUT_MS = 15_000;
const FINISH_TIMEOUT_MS = 40_000;
/** Slow enough that a cut is one in the middle of a message. */
const BYTES_PER_SECOND = 2_000_000;

/** What `npm run example` makes before it starts. */
export function buildIfStale(): void {
  spawnSync(process.execPath, ['scripts/build-if-stale.mjs'], { cwd: ROOT, stdio: 'ignore' });
}

/** An example as its command starts it, a path to it that does not hold, and its page in Chromium. */
export class ExampleRig {
  readonly proxy: FaultProxy;
  /** Of the page, and of what was not caught in it. */
  readonly url: string;
  readonly errors: unknown[] = [];
  readonly #page: Page;

  private constructor(url: string, proxy: FaultProxy, page: Page) {
    this.url = url;
    this.proxy = proxy;
    this.#page = page;
    page.on('pageerror', (error) => this.errors.push(error));
  }

  /**
   * Starts it, and cuts all connections once a second from when they are open: a first one has to succeed. All is stopped
   * when the test is over.
   */
  static async start(name: string): Promise<ExampleRig> {
    const url = await startExample(name);
    const proxy = await FaultProxy.start({ targetPort: Number(new URL(url).port), lingerMs: CUT_MS });
    onTestFinished(() => proxy.stop());
    proxy.faults.shape = { bytesPerSecond: BYTES_PER_SECOND };
    const browser = await puppeteer.launch({ executablePath: findChromium() ?? 'chromium', args: chromiumArgs });
    onTestFinished(() => browser.close());
    const rig = new ExampleRig(url, proxy, await browser.newPage());
    await rig.#page.goto(`${url}?socket=${encodeURIComponent(proxy.url)}`);
    await rig.#page.waitForSelector('[data-state=running]', { timeout: START_TIMEOUT_MS });
    rig.#cutRegularly();
    return rig;
  }

  /** Lets the page come to its end, and returns what it says. */
  async finish<Result>(): Promise<Result> {
    await this.#page.click('#stop');
    await this.#page.waitForFunction('window.exampleResult !== undefined', { timeout: FINISH_TIMEOUT_MS });
    return (await this.#page.evaluate('window.exampleResult')) as Result;
  }

  #cutRegularly(): void {
    let cuts = 0;
    const cut = (): void => {
      this.proxy.cutAll(cuts++ % 2 === 0 ? 'fin' : 'rst');
    };
    cut();
    const timer = setInterval(cut, CUT_MS);
    onTestFinished(() => {
      clearInterval(timer);
    });
  }
}

/** Returns where its page is. */
async function startExample(name: string): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/main.ts', name], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error(`The example ${name} did not start.`);
}
