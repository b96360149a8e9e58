import { median } from '../../support/statistics.ts';
import { rowResult } from '../result.ts';
import type { Goal, RowResult, Unit } from '../result.ts';
import type { Samples } from '../shared/job.ts';

/** How a row is made of samples. */
export interface Comparison {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly goal?: Goal;
  /** What is behind the contender's name in the name of its samples. @defaultValue nothing */
  readonly part?: string;
  /** Who is ours. @defaultValue 'chunksocket' */
  readonly ours?: string;
  /** The row's figure of a sample. @defaultValue the sample */
  readonly figure?: (sample: number) => number;
}

/** Compares our samples with those of the raw WebSocket, round by round. */
export function compareSamples(
  samples: Samples,
  { name, title, unit, goal, part = '', ours: oursName = 'chunksocket', figure = (value) => value }: Comparison,
): RowResult {
  const of = (contender: string): number[] => (samples[`${contender}${part}`] ?? []).map(figure);
  const ours = of(oursName);
  const raw = of('raw');
  const ratios = ours.map((value, round) => value / (raw[round] ?? NaN));
  const others = Object.keys(samples)
    .filter((key) => key.endsWith(part) && (part !== '' || !key.includes(' ')))
    .map((key) => key.slice(0, key.length - part.length))
    .filter((contender) => contender !== 'raw' && contender !== oursName);
  return rowResult(
    {
      name,
      title,
      unit,
      ours: median(ours),
      raw: median(raw),
      ratio: median(ratios),
      spread: [Math.min(...ratios), Math.max(...ratios)],
      others: Object.fromEntries(others.map((contender) => [contender, median(of(contender))])),
      samples,
    },
    goal,
  );
}

/** More of something in each second. */
export function perSecond(amount: number): (seconds: number) => number {
  return (seconds) => amount / seconds;
}
