import type { LogEntry } from '../test/support/fault-proxy/fault-log.ts';
import type { PageReport } from './page/page-report.ts';
import type { PingFigures } from './page/ping-series.ts';
import type { ServerAnswer } from './page/server-answer.ts';

/** The outcome of a run, as `--json` prints it. */
export interface DemoResult {
  readonly ok: boolean;
  /** Length of the file. */
  readonly bytes: number;
  readonly sha256Sent: string;
  readonly sha256Received: string | null;
  /** Connections that reached the session. */
  readonly connections: number;
  /** Close codes as the page saw them, in order. */
  readonly closes: readonly number[];
  /** Every limit there was, in bytes, the first one included. */
  readonly limitTrail: readonly number[];
  /** Bytes that were sent more than once. */
  readonly resentBytes: number;
  /** From `send` to delivery, 0 if it was not delivered. */
  readonly seconds: number;
  /** Small messages that were sent beside the file and came back. */
  readonly pings: number;
  /** Those that were under way when a connection was lost; they count in no figure. */
  readonly pingsLeftOut: number;
  /** Round-trip times of the pings; null when none came back. */
  readonly pingP50Ms: number | null;
  readonly pingP99Ms: number | null;
  /** The same before the file, on a path with nothing else on it. */
  readonly pingIdleP50Ms: number | null;
  readonly pingIdleP99Ms: number | null;
}

/** Collects what a run did, and judges it. */
export class DemoReport {
  readonly #sent: { readonly bytes: number; readonly sha256: string };
  readonly #log: readonly LogEntry[];
  readonly #closes: { readonly code: number; readonly wasOpen: boolean }[] = [];
  readonly #limitTrail: number[];
  /** The code by which a page of this browser is told of a 1014. */
  readonly #badGatewayCode: number;
  #idle: PingFigures | undefined;
  #progressBytes = 0;
  #received: ServerAnswer | undefined;
  #answeredSha256: string | undefined;
  #failure: string | undefined;
  #delivered: Extract<PageReport, { kind: 'delivered' }> | undefined;

  /** @param log - of the injector; may still grow */
  constructor(
    sent: { readonly bytes: number; readonly sha256: string },
    startPacketBytes: number,
    log: readonly LogEntry[],
    badGatewayCode = 1014,
  ) {
    this.#badGatewayCode = badGatewayCode;
    this.#sent = sent;
    this.#log = log;
    this.#limitTrail = [startPacketBytes];
  }

  /** The page has said that it is done, the server has the file, and the page has its answer. */
  get isComplete(): boolean {
    return this.#delivered !== undefined && this.#received !== undefined && this.#answeredSha256 !== undefined;
  }

  get result(): DemoResult {
    const pings = this.#delivered?.pings;
    return {
      ok: this.missing().length === 0,
      bytes: this.#sent.bytes,
      sha256Sent: this.#sent.sha256,
      sha256Received: this.#received?.sha256 ?? null,
      connections: this.#delivered?.connections ?? 0,
      closes: this.#closes.map(({ code }) => code),
      limitTrail: this.#limitTrail,
      resentBytes: this.#delivered?.resentBytes ?? 0,
      seconds: Number((this.#delivered?.seconds ?? 0).toFixed(3)),
      pings: pings?.count ?? 0,
      pingsLeftOut: pings?.leftOut ?? 0,
      pingP50Ms: pings?.p50Ms ?? null,
      pingP99Ms: pings?.p99Ms ?? null,
      pingIdleP50Ms: this.#idle?.p50Ms ?? null,
      pingIdleP99Ms: this.#idle?.p99Ms ?? null,
    };
  }

  addReport(report: PageReport): void {
    if (report.kind === 'retry') this.#closes.push(report);
    if (report.kind === 'limit') this.#limitTrail.push(report.toBytes);
    if (report.kind === 'idle') this.#idle = report.pings;
    if (report.kind === 'progress') this.#progressBytes = report.ackedBytes;
    if (report.kind === 'delivered') this.#delivered = report;
    if (report.kind === 'answered') this.#answeredSha256 = report.sha256;
  }

  addReceived(file: ServerAnswer): void {
    this.#received = file;
  }

  /** The run ended before its time. */
  addFailure(sentence: string): void {
    this.#failure ??= sentence;
  }

  /** What keeps the run from being a success, in sentences; nothing if it is one. */
  missing(): string[] {
    if (this.#failure !== undefined) return [this.#failure];
    const did = (what: LogEntry['what'], detail: string): boolean =>
      this.#log.some((entry) => entry.what === what && entry.detail.startsWith(detail));
    const saw = (code: number, wasOpen: boolean): boolean =>
      this.#closes.some((close) => close.code === code && close.wasOpen === wasOpen);
    const checks: readonly (readonly [isGood: boolean, sentence: string])[] = [
      [this.#delivered !== undefined, 'The page never heard that the file was delivered.'],
      [this.#received !== undefined, 'The server never got the whole file.'],
      [
        this.#received === undefined || this.#received.sha256 === this.#sent.sha256,
        'What the server got differs from what was sent.',
      ],
      [
        this.#received === undefined || this.#answeredSha256 === this.#received.sha256,
        'The answer of the server did not reach the page.',
      ],
      [this.#progressBytes === this.#sent.bytes, 'The last progress that the page was told is not the whole file.'],
      [(this.#idle?.count ?? 0) > 0, 'No ping came back before the file was sent.'],
      [(this.#delivered?.pings.count ?? 0) > 0, 'No ping came back while the file was sent.'],
      [did('over-limit', 'toServer'), 'The path never refused a packet for its size.'],
      [saw(1009, true), 'The page never saw a 1009.'],
      [did('cut', 'client rst, server rst'), 'The connection was never cut.'],
      [saw(1006, true), 'The page never saw a connection that was cut (1006).'],
      [did('close-sent', '1014'), 'The path never closed with 1014.'],
      [saw(this.#badGatewayCode, true), 'The page never saw a 1014.'],
      [did('upgrade-answered', 'HTTP 502'), 'The path never answered a handshake with 502.'],
      [saw(1006, false), 'The page never saw a refused handshake.'],
    ];
    return checks.filter(([isGood]) => !isGood).map(([, sentence]) => sentence);
  }
}
