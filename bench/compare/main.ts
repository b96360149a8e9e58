import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { findEngine } from '../../test/support/unattended-browser.ts';
import { makeBundles } from '../support/bundle.ts';
import { readEnvironment } from '../support/environment.ts';
import { Output } from '../support/output.ts';
import { ExitCode, runMain } from '../support/run-main.ts';
import type { Surroundings } from '../support/run-main.ts';
import { readCommandLine } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import type { Outcome } from './result.ts';
import { groups } from './rows/rows.ts';
import { textTable } from './table.ts';
import { writeDocuments } from './write-documents.ts';

process.exitCode = await runMain(readCommandLine, ({ engine }) => findEngine[engine](), bench);

async function bench(
  { engine, isQuick, rounds, names, jsonPath, profileFolder, isWriting }: CommandLine,
  { executable, folder, signal }: Surroundings,
): Promise<number> {
  const output = new Output();
  const environment = await readEnvironment(executable);
  const bundles = await makeBundles(
    new URL('page/main.ts', import.meta.url),
    new URL('server/main.ts', import.meta.url),
    folder,
    profileFolder === undefined,
  );
  const [load = 0] = loadavg();
  output.line(`${environment.browser}, Node ${environment.node}, ${environment.platform}`);
  output.line(`${environment.cores} x ${environment.processor}; the machine's load before: ${load.toFixed(1)}`);
  output.line(isQuick ? 'Quick: the figures mean little.' : `${rounds} rounds`);
  const context = { output, engine, executable, bundles, folder, isQuick, rounds, profileFolder, signal };

  const outcomes: Outcome[] = [];
  for (const name of names) {
    const startMs = performance.now();
    try {
      outcomes.push(...(await groups[name].run(context, name)));
    } catch (error) {
      if (signal.aborted) break;
      outcomes.push({ name, failure: error instanceof Error ? error.message : String(error) });
    }
    output.line(`  ${name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  }
  if (signal.aborted) {
    console.error('Stopped.');
    return ExitCode.interrupted;
  }
  output.line();
  for (const [index, line] of textTable(outcomes).entries()) {
    const outcome = outcomes[index - 1];
    output.line(line, outcome !== undefined && !('ok' in outcome && outcome.ok !== false));
  }
  const missed = outcomes.filter((outcome) => 'ok' in outcome && outcome.ok === false).length;
  const failed = outcomes.filter((outcome) => 'failure' in outcome).length;
  output.line();
  output.line(`Goals missed: ${missed}. Rows failed: ${failed}.`);
  const report = { environment, engine, isQuick, rounds, load, rows: outcomes };
  if (jsonPath !== undefined) await writeFile(jsonPath, `${JSON.stringify(report, undefined, 1)}\n`);
  if (isWriting) await writeDocuments(report);
  return failed > 0 ? ExitCode.failed : ExitCode.ok;
}
