import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { chromiumArgs, findChromium, findFirefox } from '../support/find-browser.mjs';
import { launchWebKit } from '../support/web-kit.ts';

/** A browser that shows one page. */
export interface Engine {
  close(): Promise<unknown>;
}

export type EngineName = 'chromium' | 'firefox' | 'webkit';

export const ENGINES: readonly EngineName[] = ['chromium', 'firefox', 'webkit'];

/** Exact heap sizes, a heap that can be cleaned, and timers that nobody slows down. */
const CHROMIUM_ARGS = [
  ...chromiumArgs,
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];
const KILL_AFTER_MS = 3000;

/** Starts a browser of that name on a page. */
export async function launchEngine(name: EngineName, url: string): Promise<Engine> {
  switch (name) {
    case 'chromium':
      return launchChromium(url);
    case 'firefox': {
      const browser = await puppeteer.launch({ browser: 'firefox', executablePath: findFirefox() ?? 'firefox' });
      await (await browser.newPage()).goto(url);
      return { close: () => browser.close() };
    }
    case 'webkit': {
      const webKit = await launchWebKit();
      await webKit.driver.get(url);
      return { close: () => webKit.close() };
    }
  }
}

/** With nothing attached to it: a DevTools client would get a copy of every payload. */
async function launchChromium(url: string): Promise<Engine> {
  const profile = await mkdtemp(join(tmpdir(), 'chunksocket-chaos-'));
  const args = [...CHROMIUM_ARGS, `--user-data-dir=${profile}`, url];
  const child: ChildProcess = spawn(findChromium() ?? 'chromium', args, { stdio: 'ignore' });
  // Its helpers end with it, whatever becomes of this process.
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  await once(child, 'spawn');
  return {
    async close() {
      const ended = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGTERM');
      const timer = setTimeout(kill, KILL_AFTER_MS);
      await ended;
      clearTimeout(timer);
      process.off('exit', kill);
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
