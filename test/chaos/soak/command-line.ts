import { cac } from 'cac';
import { parseOptions } from '../../support/parse-options.ts';
import { ENGINES } from '../engines.ts';
import type { EngineName } from '../engines.ts';

/** What was asked for. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly minutes: number;
  readonly seed: number;
  readonly engine: EngineName;
  /** Where the report goes, too. */
  readonly jsonPath: string | undefined;
}

const DEFAULT_MINUTES = 10;
const MAX_SEED = 2 ** 32;

/** @throws Error, with a sentence for people, for options that there are not */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run soak --');
  cli
    .usage('[options]\n\nRandom faults over random traffic between a browser and a server, for as long as you like.')
    .option('--minutes <n>', `How long (default: ${DEFAULT_MINUTES})`)
    .option('--seed <n>', 'The same seed gives the same schedules (default: by chance)')
    .option('--browser <name>', `${ENGINES.join(', ')} (default: ${ENGINES[0] ?? ''})`)
    .option('--json <file>', 'Write the report to this file as JSON');
  const { isHelp, options } = parseOptions(cli, argv);
  const { minutes, seed, browser, json } = options as Record<string, unknown>;
  return {
    isHelp,
    minutes: readNumber('minutes', minutes ?? DEFAULT_MINUTES),
    seed: readNumber('seed', seed ?? Math.floor(Math.random() * MAX_SEED)),
    engine: readEngine(browser ?? ENGINES[0]),
    jsonPath: typeof json === 'string' ? json : undefined,
  };
}

function readNumber(name: string, value: unknown): number {
  const number = Number(value);
  if (!(number >= 0 && number < MAX_SEED)) throw new Error(`--${name} is ${String(value)}, but must be a number.`);
  return number;
}

function readEngine(value: unknown): EngineName {
  const found = ENGINES.find((name) => name === value);
  if (found === undefined) throw new Error(`There is no browser ${String(value)}, but ${ENGINES.join(', ')}.`);
  return found;
}
