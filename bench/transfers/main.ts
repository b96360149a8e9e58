import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { findChromium } from '../../test/support/find-browser.mjs';
import { makeBundles } from '../support/bundle.ts';
import { ExitCode, runMain } from '../support/run-main.ts';
import type { Surroundings } from '../support/run-main.ts';
import { readCommandLine } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import { readEnvironment } from '../support/environment.ts';
import { isMet } from './measure.ts';
import type { RowResult } from './measure.ts';
import { formatMebibytes, Output } from '../support/output.ts';
import { runRow } from './rows/rows.ts';
import type { RowName } from './rows/rows.ts';
import { tableHead, tableLine } from './table.ts';

type Outcome = { readonly row: RowName; /** Of the machine, before. */ readonly load: number } & (
  RowResult | { readonly failure: string }
);

process.exitCode = await runMain(readCommandLine, findChromium, bench);

async function bench(
  { bytes, isQuick, rows, jsonPath }: CommandLine,
  { executable, folder, signal }: Surroundings,
): Promise<number> {
  const output = new Output();
  const environment = await readEnvironment(executable);
  const bundles = await makeBundles(
    new URL('page/main.ts', import.meta.url),
    new URL('server.ts', import.meta.url),
    folder,
  );
  output.line(`${environment.browser}, Node ${environment.node}, ${environment.platform}`);
  output.line(`${environment.cores} x ${environment.processor}`);
  output.line(`${formatMebibytes(bytes)}${isQuick ? ', quick: the figures mean little' : ''}`);

  const outcomes: Outcome[] = [];
  for (const row of rows) {
    const [load = 0] = loadavg();
    output.line(`\n${row} (the machine's load before: ${load.toFixed(1)})`);
    try {
      const result = await runRow(row, { output, executable, bundles, folder, bytes, isQuick, signal });
      outcomes.push({ row, load, ...result });
      for (const measure of result.measures) output.line(tableLine('', measure), isMet(measure) === false);
    } catch (error) {
      if (signal.aborted) break;
      const failure = error instanceof Error ? error.message : String(error);
      outcomes.push({ row, load, failure });
      output.line(`  failed: ${failure}`, true);
    }
  }
  if (signal.aborted) {
    console.error('Stopped.');
    return ExitCode.interrupted;
  }
  printTable(output, outcomes);
  if (jsonPath !== undefined) {
    const isOk = outcomes.every(
      (outcome) => 'measures' in outcome && outcome.measures.every((m) => isMet(m) !== false),
    );
    await writeFile(jsonPath, `${JSON.stringify({ environment, bytes, isQuick, isOk, rows: outcomes })}\n`);
  }
  return outcomes.some((outcome) => 'failure' in outcome) ? ExitCode.failed : ExitCode.ok;
}

function printTable(output: Output, outcomes: readonly Outcome[]): void {
  let missed = 0;
  output.line(`\n${tableHead}`);
  for (const outcome of outcomes) {
    if ('failure' in outcome) {
      output.line(`${outcome.row.padEnd(15)}failed: ${outcome.failure}`, true);
      continue;
    }
    for (const measure of outcome.measures) {
      const met = isMet(measure);
      if (met === false) missed++;
      output.line(tableLine(outcome.row, measure), met === false);
    }
  }
  output.line();
  const failed = outcomes.filter((outcome) => 'failure' in outcome).length;
  if (failed > 0) output.line(`Rows failed: ${failed}.`, true);
  if (missed > 0) output.line(`Goals missed: ${missed}.`, true);
  if (failed === 0 && missed === 0) output.line('No goal was missed.');
}
