import type { Heap } from '../chaos-run.ts';

type Counts = Readonly<Record<string, number>>;

/** What a soak comes to. JSON. */
export interface SoakReport {
  readonly browser: string;
  readonly seed: number;
  readonly minutes: number;
  readonly schedules: number;
  readonly messages: number;
  readonly bytes: number;
  readonly connections: number;
  readonly resentBytes: number;
  readonly limitChanges: number;
  readonly kinds: Counts;
  readonly outcomes: Counts;
  readonly faults: Counts;
  readonly closeCodes: Counts;
  /** After the first batches, when all code is loaded and compiled; undefined where there were too few. */
  readonly heapAtStart: Heap | undefined;
  readonly heapAtEnd: Heap | undefined;
  readonly violations: number;
  /** Each with all that is known of it. */
  readonly failures: readonly string[];
}

const MIB = 1024 * 1024;

/** For people. */
export function formatReport(report: SoakReport): string {
  const { heapAtStart, heapAtEnd } = report;
  const heap = (name: keyof Heap): string => `${formatMib(heapAtStart?.[name])} -> ${formatMib(heapAtEnd?.[name])}`;
  return [
    ...report.failures,
    '',
    `${report.browser}, seed ${report.seed}, ${report.minutes.toFixed(1)} minutes`,
    `schedules    ${formatCount(report.schedules)} (${formatCounts(report.kinds)})`,
    `messages     ${formatCount(report.messages)} (${formatCounts(report.outcomes)})`,
    `received     ${formatMib(report.bytes)}`,
    `connections  ${formatCount(report.connections)}`,
    `sent again   ${formatMib(report.resentBytes)}`,
    `limits       changed ${formatCount(report.limitChanges)} times`,
    `faults       ${formatCounts(report.faults)}`,
    `close codes  ${formatCounts(report.closeCodes)} (as the page saw them)`,
    `heap         page ${heap('page')}, server ${heap('server')}`,
    `violations   ${formatCount(report.violations)}`,
  ].join('\n');
}

export function formatMib(bytes: number | undefined): string {
  return bytes === undefined ? 'unknown' : `${(bytes / MIB).toFixed(1)} MiB`;
}

export const formatCount = (count: number): string => count.toLocaleString('en');

function formatCounts(counts: Counts): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name}: ${formatCount(count)}`)
    .join(', ');
}
