import { cac } from 'cac';
import { ENGINES } from '../test/support/unattended-browser.ts';
import type { EngineName } from '../test/support/unattended-browser.ts';

/** What was asked for. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly isJson: boolean;
  readonly isServe: boolean;
  readonly engine: EngineName;
  /** The file to send, where it is not the executable of Node. */
  readonly filePath: string | undefined;
}

/** @throws Error, with a sentence for people, for options that there are not */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run demo --');
  cli
    .usage('[options]\n\nSends one big file from a headless browser over a path that breaks again and again.')
    .option('--json', 'Print the outcome as one line of JSON, the last one; everything else goes to stderr')
    .option('--browser <name>', `One of ${ENGINES.join(', ')}`, { default: 'chromium' })
    .option('--file <path>', 'The file to send, of 8 MB or more', { default: 'the executable of Node' })
    .option('--serve', 'Only serve the page, the server and the injector, for a browser of your own');
  cli.help();
  const { args, options } = cli.parse([...argv], { run: false });
  const isHelp = options['help'] === true;
  const isJson = options['json'] === true;
  const isServe = options['serve'] === true;
  const engine = ENGINES.find((name) => name === options['browser']);
  // What cac shows as the default is no path.
  const isGiven = argv.some((argument) => argument === '--file' || argument.startsWith('--file='));
  const filePath = isGiven ? String(options['file']) : undefined;
  if (!isHelp) {
    if (args.length > 0) throw new Error(`There is nothing to do with ${JSON.stringify(args[0])}. See --help.`);
    try {
      cli.globalCommand.checkUnknownOptions();
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}. See --help.`, { cause: error });
    }
    if (engine === undefined)
      throw new Error(`--browser is ${String(options['browser'])}. There are ${ENGINES.join(', ')}.`);
    if (isJson && isServe) throw new Error('--json and --serve do not go together: --serve has no outcome.');
  }
  return { isHelp, isJson, isServe, engine: engine ?? 'chromium', filePath };
}
