import type { Outcome, RowResult } from './result.ts';

const COLUMNS = ['', 'ours', 'raw', 'ratio', 'spread', 'goal', 'socket.io', 'partysocket', ''] as const;

/** Cells of a row, as people read them. */
export function cellsOf(row: RowResult): string[] {
  const { title, unit, ours, raw, ratio, spread, ok, others } = row;
  const other = (name: string): string => (others[name] === undefined ? '' : format(others[name]));
  return [
    title,
    `${format(ours)} ${unit}`.trim(),
    raw === null ? '' : format(raw),
    ratio === null ? '' : `${ratio.toFixed(2)} x`,
    spread === null ? '' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`,
    goalOf(row),
    other('socket.io'),
    other('partysocket'),
    ok === null ? '' : ok ? 'ok' : 'MISSED',
  ];
}

export function goalOf({ goal, goalOf: what, unit }: RowResult): string {
  if (goal === null || what === null) return '';
  const sign = what.endsWith('at least') ? '>=' : '<=';
  return what.startsWith('ratio') ? `${sign} ${goal} x` : `${sign} ${format(goal)} ${unit}`.trim();
}

/** The table for a terminal. */
export function textTable(outcomes: readonly Outcome[]): string[] {
  const rows = [
    [...COLUMNS],
    ...outcomes.map((outcome) =>
      'failure' in outcome ? [`${outcome.name}: failed: ${outcome.failure}`] : cellsOf(outcome),
    ),
  ];
  const complete = rows.filter((cells) => cells.length > 1);
  const widths = COLUMNS.map((_, index) => Math.max(...complete.map((cells) => (cells[index] ?? '').length)));
  const pad = (cell: string, index: number): string =>
    index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0);
  return rows.map((cells) => (cells.length > 1 ? cells.map(pad).join('  ').trimEnd() : cells.join()));
}

/** The table for a document; without goals for those who only want to know how fast it is. */
export function markdownTable(rows: readonly RowResult[], hasGoals: boolean): string {
  const isShown = (_: string, index: number): boolean => hasGoals || (index !== 5 && index !== 8);
  const line = (cells: readonly string[]): string => `| ${cells.filter(isShown).join(' | ')} |`;
  const head = ['row', ...COLUMNS.slice(1, -1), 'met'];
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(cellsOf(row))),
  ].join('\n');
}

/** Three figures, as people write them. */
export function format(value: number): string {
  if (Number.isNaN(value)) return 'unknown';
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
