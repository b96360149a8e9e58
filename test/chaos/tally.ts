import type { EndReport } from './report.ts';
import type { ScheduleResult } from './run-schedule.ts';

type Counts = Record<string, number>;

const MAX_KEPT = 20;

/** What many schedules come to. */
export class Tally {
  schedules = 0;
  messages = 0;
  bytes = 0;
  connections = 0;
  resentBytes = 0;
  limitChanges = 0;
  violations = 0;
  readonly kinds: Counts = {};
  readonly faults: Counts = {};
  /** Of connections that were lost or could not be had, as the page saw them. */
  readonly closeCodes: Counts = {};
  /** How messages ended for their senders. */
  readonly outcomes: Counts = {};
  /** Of the first schedules that kept a promise not. */
  readonly failures: string[] = [];

  add(result: ScheduleResult): void {
    const { plan, page, server, faults, violations, connections } = result;
    this.schedules++;
    this.connections += connections;
    addTo(this.kinds, { [plan.kind]: 1 });
    addTo(this.faults, faults);
    for (const end of [page, server]) if (end !== undefined) this.#addEnd(end);
    if (violations.length === 0) return;
    this.violations += violations.length;
    if (this.failures.length < MAX_KEPT) this.failures.push(describeFailure(result));
  }

  #addEnd({ sent, received, stats, closeCodes, limitChanges }: EndReport): void {
    this.messages += sent.length;
    for (const { byteLength } of received) this.bytes += byteLength;
    for (const { outcome } of sent) addTo(this.outcomes, { [outcome]: 1 });
    this.resentBytes += stats?.resentBytes ?? 0;
    this.limitChanges += limitChanges;
    addTo(this.closeCodes, closeCodes);
  }
}

/** All that is known of a schedule that kept a promise not. */
export function describeFailure({ plan, page, server, violations, proxyLog, tookMs }: ScheduleResult): string {
  const { seed, index, kind, faults, timeScale } = plan;
  return [
    `CHAOS_SEED=${seed} CHAOS_ONLY=${index} (${kind}, time x ${timeScale}, ${tookMs.toFixed(0)} ms)`,
    ...violations.map((violation) => `  ${violation}`),
    `faults: ${JSON.stringify(faults)}`,
    'page:',
    ...(page?.log ?? []).map((line) => `  ${line}`),
    'server:',
    ...server.log.map((line) => `  ${line}`),
    'proxy:',
    ...proxyLog.map((line) => `  ${line}`),
  ].join('\n');
}

function addTo(sum: Counts, more: Readonly<Counts>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}
