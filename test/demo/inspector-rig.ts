import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import puppeteer from 'puppeteer-core';
import type { Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { chromiumArgs, findChromium } from '../support/find-browser.mjs';
import { patternBytes } from '../support/pattern-bytes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WAIT_MS = 40_000;
/** What a browser says of each handshake that fails, and of what is sent before it tells the page of a close. */
const EXPECTED_ERRORS = ['WebSocket connection to', 'WebSocket is already in CLOSING or CLOSED state'];

/** How many pixels of a map have the colour of each cell of the legend. */
export interface MapColors {
  readonly waiting: number;
  readonly acked: number;
  readonly resent: number;
  readonly refused: number;
}

/** The inspector as its command starts it, and its page in Chromium. */
export class InspectorRig {
  readonly page: Page;
  /** Of the console and not caught, without what is expected. */
  readonly errors: unknown[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error));
    page.on('console', (message) => {
      const text = message.text();
      const isUsual = EXPECTED_ERRORS.some((start) => text.startsWith(start));
      if (message.type() === 'error' && !isUsual) this.errors.push(text);
    });
  }

  /** With a sample of so many bytes. All is stopped when the test is over, which fails when the page had an error. */
  static async start(sampleBytes: number, width = 1280): Promise<InspectorRig> {
    const folder = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'holiday.mp4');
    await writeFile(file, patternBytes(sampleBytes));
    const url = await startServing(file);
    const page = await openPage();
    await page.setViewport({ width, height: 900 });
    const rig = new InspectorRig(page);
    onTestFinished(() => {
      expect(rig.errors).toEqual([]);
    });
    await page.goto(url);
    await rig.waitForStatus('open');
    await page.waitForSelector('#faults:not([hidden])');
    return rig;
  }

  async waitForStatus(status: string): Promise<void> {
    await this.page.waitForSelector(`#status[data-status="${status}"]`);
  }

  /** Clicks a fault's button, or the choice of a limit. */
  async strike(name: string): Promise<void> {
    const isChoice = name.startsWith('limit');
    await this.page.click(isChoice ? `label:has([data-fault="${name}"])` : `[data-fault="${name}"]`);
  }

  /** Waits until the log has had so many lines of a kind that contain `text`. */
  async waitForLog(kind: string, text: string, count = 1): Promise<void> {
    await this.page.waitForFunction(
      (wantedKind: string, wantedText: string, wantedCount: number) =>
        [...document.querySelectorAll<HTMLElement>('#log li')].filter(
          (line) => line.dataset['kind'] === wantedKind && line.textContent.includes(wantedText),
        ).length >= wantedCount,
      {},
      kind,
      text,
      count,
    );
  }

  /** How many lines of a kind the log has. */
  async countLog(kind: string): Promise<number> {
    return (await this.page.$$(`#log li[data-kind="${kind}"]`)).length;
  }

  async textOf(selector: string): Promise<string> {
    return this.page.$eval(selector, ({ textContent }) => textContent);
  }

  /** What the map of the latest file is painted with. */
  async mapColors(): Promise<MapColors> {
    const source = `(() => {
      const canvas = document.querySelector('.map');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const probe = document.body.appendChild(document.createElement('span'));
      const counts = ['waiting', 'acked', 'resent', 'refused'].map((name) => {
        probe.style.color = 'var(--' + name + ')';
        const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3] === 255 && wanted.every((value, index) => data[at + index] === value)) count++;
        }
        return [name, count];
      });
      probe.remove();
      return Object.fromEntries(counts);
    })()`;
    return (await this.page.evaluate(source)) as MapColors;
  }

  /** Whether something is wider than the window. */
  async hasSidewaysScroll(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  }
}

/** The page of the inspector's static files, from a server that has nothing else. */
export async function openStaticInspector(): Promise<Page> {
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'demo/build-inspector.ts', folder], { cwd: ROOT });
  const types: Readonly<Record<string, string>> = { html: 'text/html', css: 'text/css', js: 'text/javascript' };
  const names = await readdir(folder);
  const http = createServer(({ url = '' }, response) => {
    const name = names.find((known) => url.startsWith(`/${known}`));
    if (name === undefined) response.writeHead(404).end();
    else {
      response.setHeader('content-type', types[name.split('.').at(-1) ?? ''] ?? '');
      createReadStream(join(folder, name)).pipe(response);
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  const page = await openPage();
  await page.goto(`http://127.0.0.1:${(http.address() as AddressInfo).port}/index.html`);
  await page.waitForSelector('#connect:not([hidden])');
  return page;
}

async function openPage(): Promise<Page> {
  const browser = await puppeteer.launch({ executablePath: findChromium() ?? 'chromium', args: chromiumArgs });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(WAIT_MS);
  return page;
}

/** Returns where its page is. */
async function startServing(file: string): Promise<string> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', '--serve', '--file', file], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout);
  onTestFinished(async () => {
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
  return new Promise((resolve, reject) => {
    // Read to the end: its output is to go somewhere.
    lines.on('line', (line) => {
      const url = /http:\S+/.exec(line)?.[0];
      if (url !== undefined) resolve(url);
    });
    lines.on('close', () => {
      reject(new Error('The inspector did not start.'));
    });
  });
}
