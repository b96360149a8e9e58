import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import type { Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { chromiumArgs, findChromium } from '../support/find-browser.mjs';
import type { Direction } from '../support/fault-proxy/direction.ts';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import type { Shape } from '../support/fault-proxy/rules.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CUT_MS = 1000;
const WAIT_MS = 20_000;

/**
 * An example as its command starts it, a path to it that does not hold, and its page in Chromium. It runs on dist/, which
 * `npm test` makes before all tests.
 */
export class ExampleRig {
  /** Between the browser and the example; it does nothing to what is not a WebSocket. */
  readonly proxy: FaultProxy;
  readonly page: Page;
  /** Process of the example. */
  readonly pid: number;
  /** What the example says, behind where its page is. */
  readonly nextLine: () => Promise<string>;
  /** What was not caught in its pages, and what they wrote to the console as an error. */
  readonly errors: unknown[] = [];

  private constructor(example: StartedExample, proxy: FaultProxy, page: Page) {
    this.pid = example.pid;
    this.nextLine = example.nextLine;
    this.proxy = proxy;
    this.page = page;
    this.#watch(page);
  }

  /** Starts it, and opens its page through the proxy. All is stopped when the test is over. */
  static async start(name: string, shape?: Shape): Promise<ExampleRig> {
    const example = await startExample(name);
    const proxy = await FaultProxy.start({ targetPort: Number(new URL(example.url).port), lingerMs: CUT_MS });
    onTestFinished(() => proxy.stop());
    proxy.faults.shape = shape;
    const browser = await puppeteer.launch({
      executablePath: findChromium() ?? 'chromium',
      args: chromiumArgs,
      // Otherwise each packet is copied to this process, and big messages take several times as long.
      networkEnabled: false,
    });
    onTestFinished(() => browser.close());
    const rig = new ExampleRig(example, proxy, await browser.newPage());
    await rig.page.goto(rig.url);
    return rig;
  }

  /** Of the page. */
  get url(): string {
    return `${this.proxy.url.replace('ws', 'http')}/`;
  }

  /** Opens the page once more, in another tab. */
  async openTab(): Promise<Page> {
    const page = await this.page.browser().newPage();
    this.#watch(page);
    await page.goto(this.url);
    return page;
  }

  /** Cuts the connection that there is now when so many more bytes have passed in a direction. */
  cutAfter(direction: Direction, bytes: number): void {
    const connection = this.proxy.connections.at(-1);
    if (connection === undefined) throw new Error('There is no connection to cut.');
    connection.afterBytes(direction, bytes, () => {
      connection.cut('rst');
    });
  }

  /** Cuts all connections once a second, now and until the test is over. */
  cutRegularly(): void {
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

  /** Resolves when the badge says so. */
  async untilState(state: string, page: Page = this.page): Promise<void> {
    await page.waitForSelector(`#state[data-state="${state}"]`, { timeout: WAIT_MS });
  }

  /** What an element of the page says. */
  async text(selector: string, page: Page = this.page): Promise<string> {
    return page.$eval(selector, ({ textContent }) => textContent);
  }

  /** The largest message that the example was sent. */
  largestMessageBytes(): number {
    return Math.max(...this.proxy.connections.map(({ counters }) => counters.toServer.largestMessageBytes));
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) => this.errors.push(error));
    page.on('console', (message) => {
      // Of each connection that is cut the browser itself tells.
      if (message.type() === 'error' && !message.text().includes('WebSocket')) this.errors.push(message.text());
    });
  }
}

interface StartedExample {
  readonly url: string;
  readonly pid: number;
  readonly nextLine: () => Promise<string>;
}

async function startExample(name: string): Promise<StartedExample> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/main.ts', name], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`The example ${name} has ended.`);
    return line.value;
  };
  const url = /http:\S+/.exec(await nextLine())?.[0];
  if (url === undefined) throw new Error(`The example ${name} did not say where its page is.`);
  return { url, pid: child.pid ?? 0, nextLine };
}
