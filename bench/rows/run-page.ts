import { setTimeout as delay } from 'node:timers/promises';
import { Watchdog } from '../../demo/watchdog.ts';
import { UnattendedBrowser } from '../../test/support/unattended-browser.ts';
import { benchArgs } from '../chromium-args.ts';
import { PageServer } from '../page-server.ts';
import type { ServerProcess } from '../server-process.ts';
import type { Job } from '../shared/job.ts';
import type { Outcome, PageReport } from '../shared/page-report.ts';
import type { RowContext } from './context.ts';

const SILENCE_MS = 60_000;
const SERVER_FIRST_MS = 200;

/** Who is to know what happens. */
export interface PageEvents {
  /** Everything is prepared; the page waits until this has resolved. */
  readonly ready?: (browser: UnattendedBrowser) => void | Promise<void>;
  /** The page is done, and still there. */
  readonly done?: () => void;
  /** Whether the progress is worth a bar. */
  readonly hasBar?: boolean;
}

/** Has a new browser do a job, and waits for what comes of it. What it started is stopped then. */
export async function runPage(
  context: RowContext,
  server: ServerProcess,
  job: Job,
  events: PageEvents = {},
): Promise<Outcome> {
  const { output, executable, bundles, folder, signal } = context;
  signal.throwIfAborted();
  const { promise, resolve, reject } = withResolvers();
  const abort = (): void => {
    reject(new Error('Stopped.'));
  };
  signal.addEventListener('abort', abort, { once: true });
  using watchdog = new Watchdog(SILENCE_MS);
  let browser: UnattendedBrowser | undefined;

  const onReport = async (report: PageReport): Promise<void> => {
    watchdog.touch();
    switch (report.kind) {
      case 'ready':
        if (browser !== undefined) await events.ready?.(browser);
        break;
      case 'progress':
        if (events.hasBar) output.progress(report.doneBytes, report.totalBytes);
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
  };
  await using pages = await PageServer.start(job, bundles.page, async (report) => {
    try {
      await onReport(report);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
  try {
    await using opened = await UnattendedBrowser.open({
      engine: 'chromium',
      executable,
      url: pages.url,
      chromiumArgs: benchArgs,
      folder,
    });
    browser = opened;
    return await Promise.race([promise, opened.ended, server.ended, watchdog.barked]);
  } finally {
    output.endProgress();
    signal.removeEventListener('abort', abort);
  }
}

function withResolvers(): {
  promise: Promise<Outcome>;
  resolve: (outcome: Outcome) => void;
  reject: (error: Error) => void;
} {
  let resolve: (outcome: Outcome) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Outcome>((fulfill, refuse) => {
    resolve = fulfill;
    reject = refuse;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
