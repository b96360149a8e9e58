import type { RowResult } from '../measure.ts';
import type { RowContext } from './context.ts';
import { latencyRow } from './latency.ts';
import { shapedRow } from './shaped.ts';
import { transferRow } from './transfer.ts';

/** Everything that can be measured, in order. */
const rows = {
  upload: (context) => transferRow(context, 'upload'),
  download: (context) => transferRow(context, 'download'),
  latency: latencyRow,
  'shaped-20mbit': (context) =>
    shapedRow(context, {
      bytesPerSecond: 2_500_000,
      roundTripMs: 50,
      maxAddedMs: 30,
      minSharePercent: 90,
      rampMs: 10_000,
      steadyMs: 30_000,
    }),
  'shaped-1mbit': (context) =>
    shapedRow(context, {
      bytesPerSecond: 125_000,
      roundTripMs: 50,
      maxRetries: 0,
      rampMs: 5000,
      steadyMs: 60_000,
    }),
} satisfies Record<string, (context: RowContext) => Promise<RowResult>>;

export type RowName = keyof typeof rows;

export const rowNames: readonly RowName[] = Object.keys(rows) as RowName[];

export function isRowName(name: unknown): name is RowName {
  return typeof name === 'string' && Object.hasOwn(rows, name);
}

export function runRow(name: RowName, context: RowContext): Promise<RowResult> {
  return rows[name](context);
}
