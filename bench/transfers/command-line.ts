import { cac } from 'cac';
import { parseOptions } from '../../test/support/parse-options.ts';
import { isRowName, rowNames } from './rows/rows.ts';
import type { RowName } from './rows/rows.ts';

/** What was asked for. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly isQuick: boolean;
  /** Length of the big messages. */
  readonly bytes: number;
  readonly rows: readonly RowName[];
  /** Where the figures go. */
  readonly jsonPath: string | undefined;
}

const DEFAULT_SIZE = '2GiB';
const QUICK_SIZE = '128MiB';
const UNITS: Readonly<Record<string, number>> = { '': 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** @throws Error, with a sentence for people, for options that there are not */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run bench:transfers --');
  cli
    .usage(
      '[options]\n\nMeasures memory and latency of big transfers in a headless browser to which nothing is attached.',
    )
    .option('--size <bytes>', `Length of the big messages, such as 512MiB (default: ${DEFAULT_SIZE})`)
    .option('--only <row>', `Only this row; may be given again: ${rowNames.join(', ')}`)
    .option('--quick', `See whether it works: ${QUICK_SIZE}, and short rows`)
    .option('--json <file>', 'Write all figures to this file as JSON');
  const { isHelp, options } = parseOptions(cli, argv);
  const isQuick = options['quick'] === true;
  const {
    size = isQuick ? QUICK_SIZE : DEFAULT_SIZE,
    only = [...rowNames],
    json,
  } = options as {
    size?: unknown;
    only?: unknown;
    json?: string;
  };
  return {
    isHelp,
    isQuick,
    bytes: isHelp ? 0 : readSize(String(size)),
    rows: [only].flat().map(readRow),
    jsonPath: json,
  };
}

function readSize(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]ib)?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(amount) * (UNITS[unit.toLowerCase()] ?? NaN));
  if (!(amount !== '' && bytes >= 1)) throw new Error(`${JSON.stringify(text)} is no size: say 512MiB or 2GiB.`);
  return bytes;
}

function readRow(name: unknown): RowName {
  if (!isRowName(name)) throw new Error(`There is no row ${JSON.stringify(name)}, but ${rowNames.join(', ')}.`);
  return name;
}
