import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chromiumArgs } from '../test/support/find-browser.mjs';

const KILL_AFTER_MS = 3000;
const KEPT_OUTPUT_CHARACTERS = 2000;

/** What makes figures of it: exact heap sizes, a heap that can be cleaned, and timers that nobody slows down. */
const BENCH_ARGS = [
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-extensions',
];

/** A headless Chromium on one page, with nothing attached to it: a DevTools client would get a copy of every payload. */
export class Browser implements AsyncDisposable {
  /** Rejects when the browser could not start, or ended by itself. */
  readonly ended: Promise<never>;
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #killAtExit = (): void => {
    this.#child.kill('SIGKILL');
  };

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    this.ended = watchEnd(child);
    // Stopping it is no failure.
    this.ended.catch(() => undefined);
    process.once('exit', this.#killAtExit);
  }

  /** @param folder - where its profile goes */
  static async open(executable: string, url: string, folder: string): Promise<Browser> {
    const profile = await mkdtemp(join(folder, 'profile-'));
    const args = [...chromiumArgs, ...BENCH_ARGS, `--user-data-dir=${profile}`, url];
    return new Browser(spawn(executable, args, { stdio: ['ignore', 'ignore', 'pipe'] }), profile);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(this.#killAtExit, KILL_AFTER_MS);
    await this.ended.catch(() => undefined);
    clearTimeout(timer);
    process.off('exit', this.#killAtExit);
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function watchEnd(child: ChildProcess): Promise<never> {
  let output = '';
  child.stderr?.on('data', (data: Buffer) => {
    output = (output + data.toString()).slice(-KEPT_OUTPUT_CHARACTERS);
  });
  // `close` comes when its helper processes have ended, too: until then they write into the profile.
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  throw new Error(`The browser ended by itself (${signal ?? `exit code ${code ?? 'unknown'}`}). It said:\n${output}`);
}
