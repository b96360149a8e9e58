import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { Output } from '../support/output.ts';
import type { BenchmarkName } from './benchmarks.ts';
import { readCommandLine } from './command-line.ts';
import type { CommandLine } from './command-line.ts';
import { loadBundled } from './load-bundled.ts';
import { measure } from './measure.ts';
import type { Figures } from './measure.ts';
import { profiled } from './profile.ts';
import { tableHead, tableLine } from './table.ts';

type Outcome = { readonly name: BenchmarkName } & (Figures | { readonly failure: string });

process.exitCode = await main();

async function main(): Promise<number> {
  let commandLine: CommandLine;
  try {
    commandLine = readCommandLine(process.argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
  return commandLine.isHelp ? 0 : bench(commandLine);
}

async function bench({ names, isQuick, jsonPath, profileFolder }: CommandLine): Promise<number> {
  const output = new Output();
  const { makeBenchmark } = await loadBundled();
  const [processor] = cpus();
  const environment = {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: cpus().length,
    processor: processor?.model ?? 'unknown',
    load: loadavg()[0] ?? NaN,
  };
  output.line(`Node ${environment.node}, ${environment.platform}, ${environment.cores} x ${environment.processor}`);
  output.line(`The machine's load before: ${environment.load.toFixed(1)}`);
  if (isQuick) output.line('Quick: the figures mean little');
  if (profileFolder !== undefined) {
    await mkdir(profileFolder, { recursive: true });
    output.line(`Profiles go to ${profileFolder}, and slow this down`);
  }
  output.line(`\n${tableHead}`);
  const rows: Outcome[] = [];
  for (const name of names) {
    try {
      const benchmark = makeBenchmark(name);
      const task = (): Figures => measure(benchmark, isQuick);
      const figures =
        profileFolder === undefined ? task() : await profiled(join(profileFolder, `${name}.cpuprofile`), task);
      rows.push({ name, ...figures });
      output.line(tableLine(name, figures));
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      rows.push({ name, failure });
      output.line(`${name} failed: ${failure}`, true);
    }
  }
  if (jsonPath !== undefined) {
    await writeFile(
      jsonPath,
      `${JSON.stringify({ environment, isQuick, isProfiled: profileFolder !== undefined, rows })}\n`,
    );
  }
  return rows.some((row) => 'failure' in row) ? 1 : 0;
}
