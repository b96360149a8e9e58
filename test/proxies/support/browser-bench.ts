import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import type { Browser, Page } from 'puppeteer-core';
import { chromiumArgs, findChromium, findFirefox } from '../../support/find-browser.mjs';
import type { BenchPage } from '../page/main.ts';
import type { BenchOptions, Story } from '../page/socket-bench.ts';
import type { Label } from '../server/delivery.ts';
import type { Bench } from './bench.ts';

declare const benchPage: BenchPage;

/** Told of what goes over the network, the driver would get a copy of every packet. */
const common = { networkEnabled: false };

const launchers = {
  chromium: () => puppeteer.launch({ ...common, executablePath: findChromium() ?? 'chromium', args: chromiumArgs }),
  firefox: () => puppeteer.launch({ ...common, browser: 'firefox', executablePath: findFirefox() ?? 'firefox' }),
};

/** Names the engine. */
export type BrowserName = keyof typeof launchers;

export const BROWSERS = Object.keys(launchers) as readonly BrowserName[];

/** Sockets in the page of a real browser. */
export class BrowserBench implements Bench {
  /** What was not caught in the page. */
  readonly errors: string[] = [];
  readonly #browser: Browser;
  readonly #page: Page;
  readonly #server: Server;

  private constructor(browser: Browser, page: Page, server: Server) {
    this.#browser = browser;
    this.#page = page;
    this.#server = server;
    page.on('pageerror', (error) => {
      // Firefox reports each lost connection as an error of the page.
      if (!String(error).includes('The connection to ws:')) this.errors.push(String(error));
    });
  }

  static async launch(name: BrowserName): Promise<BrowserBench> {
    const [browser, server] = await Promise.all([launchers[name](), servePage()]);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return new BrowserBench(browser, page, server);
  }

  async open(name: string, url: string, options: BenchOptions = {}): Promise<void> {
    await this.#page.evaluate(
      (...args) => {
        benchPage.bench.open(...args);
      },
      name,
      url,
      options,
    );
  }

  async send(name: string, byteLength: number, label: Label, channel = ''): Promise<void> {
    await this.#page.evaluate((...args) => benchPage.bench.send(...args), name, byteLength, label, channel);
  }

  tell(name: string): Promise<Story> {
    return this.#page.evaluate((given) => benchPage.bench.tell(given), name);
  }

  async close(name: string): Promise<void> {
    await this.#page.evaluate((given) => benchPage.bench.close(given), name);
  }

  /** How native sockets are closed that send a message that is too big. */
  sendNative(urls: readonly string[], count: number, byteLength: number): Promise<string[]> {
    return this.#page.evaluate((...args) => benchPage.sendNative(...args), urls, count, byteLength);
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function servePage(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../page/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    // The package says that its modules do nothing when they are imported.
    ignoreAnnotations: true,
  });
  const script = outputFiles[0]?.text ?? '';
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
    response.end(isScript ? script : '<!doctype html><title>bench</title><script src="/page.js"></script>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
