import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumArgs, findChromium, findFirefox, findMiniBrowser } from './find-browser.mjs';
import { startScreen } from './screen.ts';
import type { Screen } from './screen.ts';

const KILL_AFTER_MS = 3000;
const KEPT_OUTPUT_CHARACTERS = 2000;

/** The engines of browsers, by the name of the browser that has it on Linux. */
export const ENGINES = ['chromium', 'firefox', 'webkit'] as const;
export type EngineName = (typeof ENGINES)[number];

/** The executable of a browser with this engine; undefined when none is installed. */
export const findEngine: Readonly<Record<EngineName, () => string | undefined>> = {
  chromium: findChromium,
  firefox: findFirefox,
  webkit: findMiniBrowser,
};

/** No page of its own, no question, nothing on the network. */
const FIREFOX_PREFERENCES: Readonly<Record<string, unknown>> = {
  'app.normandy.enabled': false,
  'app.update.auto': false,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': '',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

/** How it is opened. */
export interface UnattendedOptions {
  readonly engine: EngineName;
  readonly executable: string;
  readonly url: string;
  /** Further arguments for Chromium. */
  readonly chromiumArgs?: readonly string[];
  /** Where its profile goes. @defaultValue the folder for temporary files */
  readonly folder?: string;
}

/**
 * A browser that nobody sees, on one page. Nothing drives it (a DevTools client would copy every payload, and slow
 * transfers down two to four times): the page itself has to tell how it goes.
 */
export class UnattendedBrowser implements AsyncDisposable {
  /** Rejects when the browser could not start, or ended by itself. */
  readonly ended: Promise<never>;
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #screen: Screen | undefined;
  readonly #killAtExit = (): void => {
    this.#child.kill('SIGKILL');
  };

  private constructor(child: ChildProcess, profile: string, screen: Screen | undefined) {
    this.#child = child;
    this.#profile = profile;
    this.#screen = screen;
    this.ended = watchEnd(child);
    // Stopping it is no failure.
    this.ended.catch(() => undefined);
    process.once('exit', this.#killAtExit);
  }

  static async open(options: UnattendedOptions): Promise<UnattendedBrowser> {
    const { engine, executable, folder = tmpdir() } = options;
    const profile = await mkdtemp(join(folder, 'chunksocket-profile-'));
    const screen = engine === 'webkit' ? await startScreen() : undefined;
    const child = spawn(executable, await argumentsFor(options, profile), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...screen?.env },
    });
    return new UnattendedBrowser(child, profile, screen);
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
    await this.#screen?.stop();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function argumentsFor(
  { engine, url, chromiumArgs: further = [] }: UnattendedOptions,
  profile: string,
): Promise<string[]> {
  switch (engine) {
    case 'chromium':
      return [...chromiumArgs, ...further, `--user-data-dir=${profile}`, url];
    case 'firefox': {
      const lines = Object.entries(FIREFOX_PREFERENCES).map(
        ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
      );
      await writeFile(join(profile, 'user.js'), lines.join(''));
      return ['--headless', '--no-remote', '--profile', profile, url];
    }
    case 'webkit':
      return ['--private', url];
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
