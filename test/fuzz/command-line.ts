import { cac } from 'cac';
import { targetNames } from './corpus-files.ts';
import type { TargetName } from './corpus-files.ts';

/** What the command line says. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly targets: readonly TargetName[];
  readonly runs: number;
  readonly minutes: number;
  readonly seed: number;
  /** Puts what was found into the corpus of the project. */
  readonly saves: boolean;
}

const DEFAULT_MINUTES = 1;

/** @throws Error that says what is wrong with it */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run fuzz --');
  cli.usage('[options]');
  cli.option('--target <name>', `${targetNames.join(' or ')}; both unless given`);
  cli.option('--runs <count>', 'inputs for each target');
  cli.option('--minutes <minutes>', 'time for each target', { default: DEFAULT_MINUTES });
  cli.option('--seed <number>', 'to do the same again; by chance unless given');
  cli.option('--save', 'put new inputs into the corpus of the project');
  cli.help();
  const { options } = cli.parse([...argv], { run: false });
  const { target, runs, minutes, seed } = options as Record<string, unknown>;
  const known = Object.keys(options).filter(
    (name) => !['--', 'h', 'help', 'target', 'runs', 'minutes', 'seed', 'save'].includes(name),
  );
  if (known.length > 0) throw new Error(`There is no option --${known.join(', --')}.`);
  if (target !== undefined && !targetNames.some((name) => name === target)) {
    throw new Error(`--target is ${targetNames.join(' or ')}.`);
  }
  const hasRuns = runs !== undefined;
  return {
    isHelp: options['help'] === true,
    targets: target === undefined ? targetNames : [target as TargetName],
    runs: hasRuns ? positive('runs', runs) : Infinity,
    minutes: hasRuns && !argv.includes('--minutes') ? Infinity : positive('minutes', minutes),
    seed: seed === undefined ? Math.floor(Math.random() * 2 ** 31) : positive('seed', seed),
    saves: options['save'] === true,
  };
}

function positive(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0)) throw new Error(`--${name} is a number above 0.`);
  return value;
}
