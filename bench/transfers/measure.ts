import { percentile } from '../support/statistics.ts';

/** What a figure should be. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** One figure of a row. */
export interface Measure {
  readonly name: string;
  /** NaN where it could not be measured. */
  readonly value: number;
  readonly unit: 'MiB' | 'MB/s' | 'ms' | '%' | '';
  /** None for figures that only explain others. */
  readonly goal?: Goal | undefined;
}

/** What came of a row. */
export interface RowResult {
  readonly measures: readonly Measure[];
  /** What the measures were made from, for `--json`. */
  readonly details: object;
}

const MIB = 1024 * 1024;

/** Undefined for a measure without a goal, or without a value. */
export function isMet({ value, goal }: Measure): boolean | undefined {
  if (goal === undefined || Number.isNaN(value)) return undefined;
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}

export function mebibytes(name: string, bytes: number, atMost?: number): Measure {
  return { name, value: bytes / MIB, unit: 'MiB', goal: atMost === undefined ? undefined : { atMost } };
}

export function megabytesPerSecond(name: string, bytesPerSecond: number): Measure {
  return { name, value: bytesPerSecond / 1e6, unit: 'MB/s' };
}

/** Median and 99th percentile of round trips. */
export function latencies(name: string, roundTripsMs: readonly number[], p99AtMost?: number): Measure[] {
  const goal = p99AtMost === undefined ? undefined : { atMost: p99AtMost };
  return [
    { name: `${name}, p50`, value: percentile(roundTripsMs, 50), unit: 'ms' },
    { name: `${name}, p99`, value: percentile(roundTripsMs, 99), unit: 'ms', goal },
  ];
}
