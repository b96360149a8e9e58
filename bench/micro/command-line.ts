import { cac } from 'cac';
import { parseOptions } from '../../test/support/parse-options.ts';
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
  const { isHelp, options } = parseOptions(cli, argv);
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
