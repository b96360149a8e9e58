import { isMet } from './measure.ts';
import type { Measure } from './measure.ts';

const WIDTHS = { row: 14, measure: 46, value: 14, goal: 12 } as const;

export const tableHead: string = line('row', 'measure', 'value', 'goal', '');

/** A line of the table. */
export function tableLine(row: string, measure: Measure): string {
  const { goal, unit } = measure;
  const met = isMet(measure);
  const bound = goal === undefined ? '' : 'atMost' in goal ? `<= ${round(goal.atMost)}` : `>= ${round(goal.atLeast)}`;
  const value = Number.isNaN(measure.value) ? 'unknown' : `${round(measure.value)} ${unit}`.trim();
  return line(row, measure.name, value, bound, met === undefined ? '' : met ? 'ok' : 'OVER');
}

function line(row: string, measure: string, value: string, goal: string, verdict: string): string {
  return [
    row.padEnd(WIDTHS.row),
    measure.padEnd(WIDTHS.measure),
    value.padStart(WIDTHS.value),
    goal.padStart(WIDTHS.goal),
    ` ${verdict}`,
  ]
    .join(' ')
    .trimEnd();
}

function round(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return String(Math.round(value));
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
