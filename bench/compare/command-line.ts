import { cac } from 'cac';
import { parseOptions } from '../../test/support/parse-options.ts';
import { ENGINES } from '../../test/support/unattended-browser.ts';
import type { EngineName } from '../../test/support/unattended-browser.ts';
import { groupNames, groups, isGroupName } from './rows/rows.ts';
import type { GroupName } from './rows/rows.ts';

/** What was asked for. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly isQuick: boolean;
  readonly engine: EngineName;
  readonly rounds: number;
  readonly names: readonly GroupName[];
  /** Where the figures go. */
  readonly jsonPath: string | undefined;
  /** Where CPU profiles go. */
  readonly profileFolder: string | undefined;
  /** The documents are to have these figures. */
  readonly isWriting: boolean;
}

const ROUNDS = 7;
const QUICK_ROUNDS = 2;
const MAX_ROUNDS = 100;

/** @throws Error, with a sentence for people, for options that there are not */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run bench --');
  cli
    .usage(
      '[options]\n\nMeasures chunksocket beside the raw WebSocket, socket.io and partysocket, in a headless browser to which\n' +
        'nothing is attached, against one Node server.',
    )
    .option('--only <name>', `Only these figures; may be given again: ${groupNames.join(', ')}`)
    .option('--quick', 'See whether it works, in less than a minute: the figures mean little')
    .option('--rounds <count>', `Rounds that count (default: ${ROUNDS})`)
    .option('--browser <engine>', `One of ${ENGINES.join(', ')} (default: chromium)`)
    .option('--profile <folder>', 'Write CPU profiles of page (Chromium) and server: what is measured is slower then')
    .option('--json <file>', 'Write all figures to this file as JSON')
    .option('--write', 'Put the figures and charts into bench/RESULTS.md and README.md');
  const { isHelp, options } = parseOptions(cli, argv);
  const isQuick = options['quick'] === true;
  const {
    only = groupNames.filter((name) => !isQuick || groups[name].isQuick),
    rounds = isQuick ? QUICK_ROUNDS : ROUNDS,
    browser = 'chromium',
    profile,
    json,
  } = options as { only?: unknown; rounds?: unknown; browser?: unknown; profile?: string; json?: string };
  return {
    isHelp,
    isQuick,
    engine: readEngine(browser),
    rounds: readRounds(rounds),
    names: [only].flat().map(readName),
    jsonPath: json,
    profileFolder: profile,
    isWriting: options['write'] === true,
  };
}

function readEngine(browser: unknown): EngineName {
  const engine = ENGINES.find((name) => name === browser);
  if (engine === undefined)
    throw new Error(`There is no browser ${JSON.stringify(browser)}, but ${ENGINES.join(', ')}.`);
  return engine;
}

function readRounds(rounds: unknown): number {
  const count = Number(rounds);
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_ROUNDS)) {
    throw new Error(`${JSON.stringify(rounds)} is no number of rounds: say 1 to ${MAX_ROUNDS}.`);
  }
  return count;
}

function readName(name: unknown): GroupName {
  if (!isGroupName(name)) throw new Error(`There is no row ${JSON.stringify(name)}, but ${groupNames.join(', ')}.`);
  return name;
}
