import { setTimeout as delay } from 'node:timers/promises';
import { Watchdog } from '../../demo/watchdog.ts';
import { UnattendedBrowser } from '../../test/support/unattended-browser.ts';
import type { EngineName } from '../../test/support/unattended-browser.ts';
import type { PageReport } from '../shared/page-report.ts';
import type { PageTrace } from '../shared/page-trace.ts';
import { PageServer } from './page-server.ts';

const SILENCE_MS = 60_000;
const SERVER_FIRST_MS = 200;

/** Where a page runs. */
export interface PageContext {
  readonly engine: EngineName;
  /** Path of the browser. */
  readonly executable: string;
  /** Further arguments for Chromium. */
  readonly chromiumArgs: readonly string[];
  /** The page's script, bundled. */
  readonly script: string;
  /** For the browser's profile. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Who is to know what happens. */
export interface PageEvents {
  /** Everything is prepared; the page waits until this has resolved. */
  readonly ready?: (browser: UnattendedBrowser) => void | Promise<void>;
  /** The page asks for something, and waits for the answer. */
  readonly asked?: (what: string, browser: UnattendedBrowser) => unknown;
  readonly profiled?: (trace: PageTrace) => void;
  readonly progress?: (doneBytes: number, totalBytes: number) => void;
  /** The page is done, and still there. */
  readonly done?: () => void;
}

/**
 * Has a new browser do a job, and waits for what comes of it. What it started is stopped then.
 *
 * @param failed - rejects when something else that the page needs has failed
 */
export async function runPage<Outcome>(
  { engine, executable, chromiumArgs, script, folder, signal }: PageContext,
  job: object,
  failed: Promise<never>,
  events: PageEvents = {},
): Promise<Outcome> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = withResolvers<Outcome>();
  const abort = (): void => {
    reject(new Error('Stopped.'));
  };
  signal.addEventListener('abort', abort, { once: true });
  using watchdog = new Watchdog(SILENCE_MS);
  let browser: UnattendedBrowser | undefined;

  const onReport = async (report: PageReport<Outcome>): Promise<unknown> => {
    watchdog.touch();
    switch (report.kind) {
      case 'ready':
        if (browser !== undefined) await events.ready?.(browser);
        break;
      case 'asks':
        return browser === undefined ? undefined : events.asked?.(report.what, browser);
      case 'profiled':
        events.profiled?.(report.trace);
        break;
      case 'progress':
        events.progress?.(report.doneBytes, report.totalBytes);
        break;
      case 'done':
        events.done?.();
        resolve(report.outcome);
        break;
      case 'failed':
        // When the server has failed, too, that says more.
        await delay(SERVER_FIRST_MS);
        reject(new Error(`The page failed. ${report.message}`));
    }
    return undefined;
  };
  await using pages = await PageServer.start(job, script, async (report) => {
    try {
      return await onReport(report as PageReport<Outcome>);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  });
  try {
    await using opened = await UnattendedBrowser.open({ engine, executable, url: pages.url, chromiumArgs, folder });
    browser = opened;
    return await Promise.race([promise, opened.ended, failed, watchdog.barked]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((fulfill, refuse) => {
    resolve = fulfill;
    reject = refuse;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
