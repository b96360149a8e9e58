import { explainClose } from 'chunksocket/explain';
import type { LogEntry } from '../test/support/fault-proxy/fault-log.ts';
import { formatBytes, formatMs } from './page/format.ts';
import type { PageReport } from './page/page-report.ts';
import type { ServerAnswer } from './page/server-answer.ts';
import type { Terminal } from './terminal.ts';

/** Puts what the page, the path and the server do into words. */
export class Narrator {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  page(report: PageReport): void {
    const terminal = this.#terminal;
    switch (report.kind) {
      case 'idle': {
        const { count, p50Ms, p99Ms } = report.pings;
        terminal.event('page', `${count} pings on the idle path: p50 ${formatMs(p50Ms)}, p99 ${formatMs(p99Ms)}`);
        break;
      }
      case 'started':
        terminal.event('page', `sends ${report.name}, ${formatBytes(report.totalBytes)}, as one message`);
        break;
      case 'progress':
        terminal.progress(report.ackedBytes, report.totalBytes, report.bytesPerSecond);
        break;
      case 'limit': {
        const { fromBytes, toBytes, cause } = report;
        const tone = toBytes < fromBytes ? 'bad' : 'good';
        terminal.event('page', `limit ${formatBytes(fromBytes)} → ${formatBytes(toBytes)}, cause: ${cause}`, tone);
        break;
      }
      case 'retry': {
        const { code, delayMs, wasOpen } = report;
        const what = wasOpen
          ? `connection lost: ${code} ${explainClose({ code }).name}`
          : `handshake refused (a page sees ${code})`;
        terminal.event('page', `${what}; next try in ${delayMs} ms`, 'bad');
        break;
      }
      case 'resume':
        terminal.event(
          'page',
          `resumed on connection ${report.connections}, ${formatBytes(report.resentBytes)} sent again`,
          'good',
        );
        break;
      case 'lost':
        terminal.event('page', 'the server lost the session; what was under way starts anew', 'bad');
        break;
      case 'delivered':
        terminal.endProgress();
        terminal.event('page', `${report.name} is delivered after ${report.seconds.toFixed(2)} s`, 'good');
        break;
      case 'answered':
        terminal.event('page', `is told the SHA-256 ${shorten(report.sha256)}`, 'good');
        break;
      case 'failed':
        terminal.endProgress();
        terminal.event('page', report.message, 'bad');
        break;
    }
  }

  /** An entry in the injector's log; most of them say nothing new. */
  path({ what, detail }: LogEntry): void {
    if (what === 'over-limit') this.#path(`refuses a packet: ${detail.replace('toServer: ', '')}`);
    if (what === 'close-sent' && detail.endsWith('to the client')) this.#path(`closes with ${detail}`);
    if (what === 'cut') this.#path(`cuts the TCP connection (${detail})`);
    if (what === 'upgrade-answered') this.#path(`answers a handshake with ${detail}`);
  }

  server({ name, bytes, sha256 }: ServerAnswer): void {
    const text = `has read all of ${name}, ${formatBytes(bytes)}, SHA-256 ${shorten(sha256)}`;
    this.#terminal.event('server', text, 'good');
  }

  brokenFile(name: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#terminal.event('server', `does not get the rest of ${name}: ${reason}`, 'bad');
  }

  #path(text: string): void {
    this.#terminal.event('path', text, 'quiet');
  }
}

function shorten(sha256: string): string {
  return `${sha256.slice(0, 16)}…`;
}
