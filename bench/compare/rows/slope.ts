import { rowResult } from '../result.ts';
import type { RowResult } from '../result.ts';
import type { Samples } from '../shared/job.ts';

/** A slope of 1 is linear; what is fixed in the cost makes it less, so the small end is left out. */
const MAX_SLOPE = 1.1;

/** Fits a line through the logarithms of amount and least time (least squares), from `fromAmount` on. */
export function slopeOf(name: string, title: string, samples: Samples, fromAmount: number): RowResult {
  const points = Object.entries(samples)
    .map(([amount, seconds]) => ({ amount: Number(amount), seconds: Math.min(...seconds) }))
    .filter(({ amount }) => amount >= fromAmount)
    .map(({ amount, seconds }) => ({ x: Math.log(amount), y: Math.log(seconds) }));
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const covariance = mean(points.map(({ x, y }) => (x - meanX) * (y - meanY)));
  const variance = mean(points.map(({ x }) => (x - meanX) ** 2));
  return rowResult(
    { name, title, unit: '', ours: covariance / variance, samples },
    { of: 'ours', is: 'at most', value: MAX_SLOPE },
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
