import { writeFile } from 'node:fs/promises';
import { readCommandLine } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import { formatReport } from './report.ts';
import { soak } from './soak.ts';

const ExitCode = { ok: 0, failed: 1 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  let commandLine: CommandLine;
  try {
    commandLine = readCommandLine(process.argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return ExitCode.failed;
  }
  if (commandLine.isHelp) return ExitCode.ok;
  const controller = new AbortController();
  process.once('SIGINT', () => {
    console.log('Stopping; once more to stop at once.');
    controller.abort();
  });
  const report = await soak(commandLine, controller.signal, (line) => {
    console.log(line);
  });
  console.log(formatReport(report));
  if (commandLine.jsonPath !== undefined) await writeFile(commandLine.jsonPath, JSON.stringify(report, undefined, 2));
  return report.violations === 0 ? ExitCode.ok : ExitCode.failed;
}
