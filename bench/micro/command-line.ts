import { cac } from 'cac';
import { benchmarkNames, isBenchmarkName } from './benchmarks.ts';
import type { BenchmarkName } from './benchmarks.ts';

/** What was asked for. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly isQuick: boolean;
  readonly names: readonly BenchmarkName[];
  /** Where the figures go. */
  readonly jsonPath: string | undefined;
  /** Where profiles go. */
  readonly profileFolder: string | undefined;
}

/** @throws Error, with a sentence for people, for options that there are not */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run bench:micro --');
  cli
    .usage('[options]\n\nMeasures the parts of the engine alone, in this process: no sockets, no browser.')
    .option('--only <name>', `Only this one; may be given again: ${benchmarkNames.join(', ')}`)
    .option('--quick', 'See whether it works, in some seconds: the figures mean little')
    .option('--json <file>', 'Write all figures to this file as JSON')
    .option('--profile <folder>', 'Write a .cpuprofile of each to this folder; that slows them down');
  cli.help();
  const { args, options } = cli.parse([...argv], { run: false });
  const isHelp = options['help'] === true;
  if (!isHelp) {
    if (args.length > 0) throw new Error(`There is nothing to do with ${JSON.stringify(args[0])}. See --help.`);
    try {
      cli.globalCommand.checkUnknownOptions();
      cli.globalCommand.checkOptionValue();
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}. See --help.`, { cause: error });
    }
  }
  const {
    only = [...benchmarkNames],
    json,
    profile,
  } = options as { only?: unknown; json?: string | number; profile?: string | number };
  return {
    isHelp,
    isQuick: options['quick'] === true,
    names: [only].flat().map(readName),
    jsonPath: json === undefined ? undefined : String(json),
    profileFolder: profile === undefined ? undefined : String(profile),
  };
}

function readName(name: unknown): BenchmarkName {
  if (!isBenchmarkName(name)) {
    throw new Error(`There is no benchmark ${JSON.stringify(name)}, but ${benchmarkNames.join(', ')}.`);
  }
  return name;
}
