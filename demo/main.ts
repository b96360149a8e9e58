import { howToGetABrowser } from '../test/support/find-browser.mjs';
import { findEngine } from '../test/support/unattended-browser.ts';
import { readCommandLine } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { summarize } from './summary.ts';
import { Terminal } from './terminal.ts';

const ExitCode = { ok: 0, failed: 1, noBrowser: 2, interrupted: 130 } as const;

process.exitCode = await main();

async function main(): Promise<number> {
  let commandLine: CommandLine;
  try {
    commandLine = readCommandLine(process.argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return ExitCode.failed;
  }
  const { isHelp, isJson, isServe, engine, filePath } = commandLine;
  if (isHelp) return ExitCode.ok;

  const terminal = new Terminal(isJson ? process.stderr : process.stdout);
  const { signal } = interruption();
  if (isServe) {
    await serve(terminal, filePath, signal);
    return ExitCode.ok;
  }
  const executable = findEngine[engine]();
  if (executable === undefined) {
    console.error(engine === 'chromium' ? `No browser was found. ${howToGetABrowser}` : `No ${engine} was found.`);
    return ExitCode.noBrowser;
  }
  const report = await run({ terminal, engine, executable, filePath, signal });
  if (signal.aborted) {
    console.error('Stopped.');
    return ExitCode.interrupted;
  }
  const { result } = report;
  summarize(terminal, result);
  for (const sentence of report.missing()) console.error(sentence);
  if (isJson) console.log(JSON.stringify(result));
  return result.ok ? ExitCode.ok : ExitCode.failed;
}

/** Aborted by the first Ctrl-C; a second one ends the process at once. */
function interruption(): AbortController {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
    });
  }
  return controller;
}
