import { formatBytes, formatMs, formatRate } from './page/format.ts';
import type { DemoResult } from './report.ts';
import type { Terminal } from './terminal.ts';

/** Tells the outcome of a run. */
export function summarize(terminal: Terminal, result: DemoResult): void {
  const { ok, bytes, sha256Sent, sha256Received, connections, closes, limitTrail, resentBytes, seconds } = result;
  const { pings, pingsLeftOut, pingP50Ms, pingP99Ms, pingIdleP50Ms, pingIdleP99Ms } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['sent', `SHA-256 ${sha256Sent}`],
    ['received', `SHA-256 ${sha256Received ?? 'none: it did not arrive'}`],
    ['connections', String(connections)],
    ['closes', closes.join(', ')],
    ['limits', limitTrail.map(formatBytes).join(' → ')],
    ['sent again', `${formatBytes(resentBytes)} of ${formatBytes(bytes)}`],
    ['time', seconds === 0 ? 'not delivered' : `${seconds.toFixed(2)} s, ${formatRate(bytes / seconds)}`],
    ['pings', `p50 ${formatMs(pingP50Ms)}, p99 ${formatMs(pingP99Ms)}: ${pings} of 100 bytes beside the file`],
    ['', `${pingsLeftOut} more were under way when a connection was lost, and are left out`],
    [
      'pings, idle',
      `p50 ${formatMs(pingIdleP50Ms)}, p99 ${formatMs(pingIdleP99Ms)}: before the file, on the same path`,
    ],
  ];
  terminal.line();
  for (const [name, value] of rows) terminal.row(name, value);
  terminal.line();
  if (ok) terminal.line('The file arrived whole, once, over every fault.', 'good');
}
