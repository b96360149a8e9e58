import { UnattendedBrowser } from '../test/support/unattended-browser.ts';
import type { EngineName } from '../test/support/unattended-browser.ts';
import { automaticRoutes } from './automatic-routes.ts';
import { Narrator } from './narrator.ts';
import { PageServer } from './page-server.ts';
import { formatBytes } from './page/format.ts';
import type { PageReport } from './page/page-report.ts';
import { PlannedInjector } from './planned-injector.ts';
import { DemoReport } from './report.ts';
import { sampleFile } from './sample-file.ts';
import { ANNOUNCED_LIMIT_BYTES, DemoServer, PATH_LIMIT_BYTES } from './server.ts';
import type { Terminal } from './terminal.ts';
import { Watchdog } from './watchdog.ts';

/** First size that the page tries: far above what the path takes. */
export const START_PACKET_BYTES: number = 256 * 1024;

/** By which code a page is told of a 1014. WebKit takes codes from 1012 to 1014 for an error. */
const BAD_GATEWAY_CODES: Readonly<Record<EngineName, number>> = { chromium: 1014, firefox: 1014, webkit: 1006 };

const SILENCE_MS = 60_000;

/** What a run needs. */
export interface RunOptions {
  readonly terminal: Terminal;
  readonly engine: EngineName;
  /** Path of the browser. */
  readonly executable: string;
  readonly filePath: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Sends one file from a browser to a server over a path on which everything goes wrong that can. What it started is
 * stopped when it is done.
 */
export async function run(options: RunOptions): Promise<DemoReport> {
  const { terminal, engine, executable, filePath, signal } = options;
  const narrator = new Narrator(terminal);
  const file = await sampleFile(filePath);
  using watchdog = new Watchdog(SILENCE_MS);
  const { promise: completed, resolve: complete, reject: fail } = withResolvers();

  await using server = await DemoServer.start({
    onFile: (received) => {
      report.addReceived(received);
      narrator.server(received);
      if (report.isComplete) complete();
    },
    onBrokenFile: (name, error) => {
      narrator.brokenFile(name, error);
      fail(new Error(`The server did not get the rest of ${name}.`));
    },
  });
  await using injector = await PlannedInjector.start({
    targetPort: server.port,
    limitBytes: PATH_LIMIT_BYTES,
    totalBytes: file.bytes,
    badGatewayCode: BAD_GATEWAY_CODES[engine],
  });
  const { proxy } = injector;
  const report = new DemoReport(file, START_PACKET_BYTES, proxy.log, BAD_GATEWAY_CODES[engine]);
  proxy.onLog((entry) => {
    narrator.path(entry);
  });
  const settings = { socketUrl: proxy.url, startPacketBytes: START_PACKET_BYTES, file };
  const onReport = (pageReport: PageReport): void => {
    watchdog.touch();
    report.addReport(pageReport);
    narrator.page(pageReport);
    if (pageReport.kind === 'retry' && pageReport.wasOpen) injector.lost(pageReport.code);
    if (pageReport.kind === 'failed') fail(new Error(pageReport.message));
    if (report.isComplete) complete();
  };
  await using pages = await PageServer.start(await automaticRoutes(settings, file.path, onReport));

  terminal.row('file', `${file.path}, ${formatBytes(file.bytes)}`);
  terminal.row('path', `takes ${formatBytes(PATH_LIMIT_BYTES)}, announced are ${formatBytes(ANNOUNCED_LIMIT_BYTES)}`);
  terminal.row('page', `in ${executable}, starts with ${formatBytes(START_PACKET_BYTES)}`);
  terminal.line();

  await using browser = await UnattendedBrowser.open({ engine, executable, url: pages.url });
  try {
    await Promise.race([completed, browser.ended, watchdog.barked, aborted(signal)]);
  } catch (error) {
    report.addFailure(error instanceof Error ? error.message : String(error));
  }
  terminal.endProgress();
  return report;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((fulfill, refuse) => {
    resolve = fulfill;
    reject = refuse;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(new Error('Stopped.'));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
