import { describe, expect, it } from 'vitest';

/** The part of the demo's report that is used. The demo builds on the tests, so its types cannot be seen from here. */
interface Report {
  readonly result: { readonly ok: boolean };
  missing(): string[];
  addReport(report: object): void;
  addReceived(file: object): void;
}

interface Series {
  leftOut: number;
  readonly figures: object;
  add(ms: number): void;
}

type ReportClass = new (sent: object, startPacketBytes: number, log: readonly object[]) => Report;

const load = (path: string): Promise<unknown> =>
  import(/* @vite-ignore */ new URL(`../../demo/${path}`, import.meta.url).href);
const { DemoReport } = (await load('report.ts')) as { DemoReport: ReportClass };
const { PingSeries } = (await load('page/ping-series.ts')) as { PingSeries: new () => Series };

const pings = { count: 40, leftOut: 2, p50Ms: 3.1, p99Ms: 9.9 };

const goodLog: readonly { readonly what: string; readonly detail: string }[] = [
  { what: 'over-limit', detail: 'toServer: message 2' },
  { what: 'cut', detail: 'client rst, server rst' },
  { what: 'close-sent', detail: '1014 to the client' },
  { what: 'upgrade-answered', detail: 'HTTP 502' },
];

const goodReports: readonly { readonly kind: string; readonly [name: string]: unknown }[] = [
  { kind: 'idle', pings },
  { kind: 'started', name: 'node', totalBytes: 100 },
  { kind: 'retry', code: 1009, reason: '', delayMs: 1, wasOpen: true },
  { kind: 'retry', code: 1006, reason: '', delayMs: 1, wasOpen: true },
  { kind: 'retry', code: 1014, reason: '', delayMs: 1, wasOpen: true },
  { kind: 'retry', code: 1006, reason: '', delayMs: 1, wasOpen: false },
  { kind: 'progress', ackedBytes: 100, totalBytes: 100, bytesPerSecond: 1 },
  { kind: 'delivered', name: 'node', seconds: 1, connections: 4, resentBytes: 1, pings },
  { kind: 'answered', sha256: 'aa' },
];

function judge(reports: readonly object[], log: readonly object[] = goodLog, sha256 = 'aa'): Report {
  const report = new DemoReport({ bytes: 100, sha256: 'aa' }, 1024, log);
  for (const entry of reports) report.addReport(entry);
  report.addReceived({ name: 'node', bytes: 100, sha256 });
  return report;
}

describe('the judgement on a run of the demo', () => {
  it('has nothing to say against a run on which all went wrong that should, and the file arrived', () => {
    const report = judge(goodReports);

    expect(report.missing()).toEqual([]);
    expect(report.result).toMatchObject({
      ok: true,
      pings: 40,
      pingsLeftOut: 2,
      pingP50Ms: 3.1,
      pingP99Ms: 9.9,
      pingIdleP50Ms: 3.1,
      pingIdleP99Ms: 9.9,
    });
  });

  it.each(goodReports.filter(({ kind }) => kind !== 'started'))('misses what the page tells: %o', (left) => {
    const report = judge(goodReports.filter((other) => other !== left));

    expect(report.result.ok).toBe(false);
    expect(report.missing()).not.toEqual([]);
  });

  it.each(goodLog)('misses what the path does: $what', (left) => {
    const report = judge(
      goodReports,
      goodLog.filter((other) => other !== left),
    );

    expect(report.result.ok).toBe(false);
  });

  it('sees another hash, no pings beside the file, and none before it', () => {
    const without = (kind: string): object[] =>
      goodReports.map((report) => (report.kind === kind ? { ...report, pings: { ...pings, count: 0 } } : report));

    expect(judge(goodReports, goodLog, 'bb').missing()).toContain('What the server got differs from what was sent.');
    expect(judge(without('delivered')).missing()).toEqual(['No ping came back while the file was sent.']);
    expect(judge(without('idle')).missing()).toEqual(['No ping came back before the file was sent.']);
  });
});

describe('the figures of pings', () => {
  it('are of the nearest rank, with one decimal, without those that were left out', () => {
    const series = new PingSeries();
    for (let ms = 200; ms > 0; ms--) series.add(ms + 0.04);
    series.leftOut = 3;

    expect(series.figures).toEqual({ count: 200, leftOut: 3, p50Ms: 100, p99Ms: 198 });
  });

  it('are null where nothing came back', () => {
    expect(new PingSeries().figures).toEqual({ count: 0, leftOut: 0, p50Ms: null, p99Ms: null });
  });
});
