import { formatBytes, formatRow } from './format.ts';
import type { DemoResult } from './report.ts';
import type { Terminal } from './terminal.ts';

/** Tells the outcome of a run. */
export function summarize(terminal: Terminal, result: DemoResult): void {
  const { ok, bytes, sha256Sent, sha256Received, connections, closes, limitTrail, resentBytes, seconds } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['sent', `SHA-256 ${sha256Sent}`],
    ['received', `SHA-256 ${sha256Received ?? 'none: it did not arrive'}`],
    ['connections', String(connections)],
    ['closes', closes.join(', ')],
    ['limits', limitTrail.map(formatBytes).join(' → ')],
    ['sent again', `${formatBytes(resentBytes)} of ${formatBytes(bytes)}`],
    ['time', seconds === 0 ? 'not delivered' : `${seconds.toFixed(2)} s, ${(bytes / seconds / 1e6).toFixed(1)} MB/s`],
  ];
  terminal.line();
  for (const [name, value] of rows) terminal.line(formatRow(name, value));
  terminal.line();
  if (ok) terminal.line('The file arrived whole, once, over every fault.', 'good');
}
