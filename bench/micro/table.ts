import type { BenchmarkName } from './benchmarks.ts';
import type { Figures } from './measure.ts';

const WIDTHS = { name: 15, value: 14, unit: 11, rme: 9, samples: 9 } as const;

export const tableHead: string = line('benchmark', 'speed', '', 'spread', 'samples');

/** A line of the table. */
export function tableLine(name: BenchmarkName, { value, unit, rme, samples }: Figures): string {
  return line(
    name,
    value.toLocaleString('en', { maximumFractionDigits: 0 }),
    unit,
    `${rme.toFixed(1)} %`,
    `${samples}`,
  );
}

function line(name: string, value: string, unit: string, rme: string, samples: string): string {
  return [
    name.padEnd(WIDTHS.name),
    value.padStart(WIDTHS.value),
    unit.padEnd(WIDTHS.unit),
    rme.padStart(WIDTHS.rme),
    samples.padStart(WIDTHS.samples),
  ].join(' ');
}
