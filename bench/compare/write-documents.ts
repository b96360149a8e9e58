import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format as formatText, resolveConfig } from 'prettier';
import type { Environment } from '../support/environment.ts';
import { makeCharts } from './charts.ts';
import type { Outcome, RowResult } from './result.ts';
import { markdownTable } from './table.ts';

const ROOT = new URL('../../', import.meta.url);
/** Rows that README.md has. */
const HEADLINES = [
  'upload',
  'download',
  'text-latin1',
  'burst-up',
  'burst-down',
  'round-trip',
  'beside',
  'cut',
  'hidden-limit-unknown',
];

/** What a run gives. */
export interface Report {
  readonly environment: Environment;
  readonly engine: string;
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly load: number;
  readonly rows: readonly Outcome[];
}

/** Puts a run's figures into the documents, between their marks, and its charts beside them. */
export async function writeDocuments(report: Report): Promise<void> {
  const rows = report.rows.filter((row): row is RowResult => !('failure' in row));
  const { environment, rounds, engine } = report;
  const where =
    `${environment.browser}, Node ${environment.node}, ${environment.cores} x ${environment.processor}, ` +
    `${environment.platform}, ${environment.date.slice(0, 10)}; ${rounds} rounds; load before ${report.load.toFixed(1)}.`;
  const folder = new URL('bench/charts/', ROOT);
  await mkdir(folder, { recursive: true });
  const charts = makeCharts(rows);
  for (const { name, svg } of charts) await writeFile(new URL(`${name}.svg`, folder), svg);
  const images = charts.map(({ name, title }) => `![${title}](charts/${name}.svg)`).join('\n\n');
  await replace('bench/RESULTS.md', engine, `${where}\n\n${markdownTable(rows, true)}\n\n${images}`);
  if (engine !== 'chromium') return;
  const headlines = rows.filter(({ name }) => HEADLINES.includes(name));
  await replace('README.md', 'bench', `${markdownTable(headlines, false)}\n\n${where}`);
}

/** What stands between `<!-- mark -->` and `<!-- /mark -->`. */
async function replace(path: string, mark: string, text: string): Promise<void> {
  const file = fileURLToPath(new URL(path, ROOT));
  const before = await readFile(file, 'utf8');
  const [start, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no place for ${mark}: ${start} and ${end}.`);
  const after = `${before.slice(0, from + start.length)}\n\n${text}\n\n${before.slice(to)}`;
  await writeFile(file, await formatText(after, { ...(await resolveConfig(file)), filepath: file }));
}
