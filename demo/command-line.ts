import { cac } from 'cac';

/** What was asked for. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly isJson: boolean;
  readonly isServe: boolean;
}

/** @throws Error, with a sentence for people, for options that there are not */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const cli = cac('npm run demo --');
  cli
    .usage('[options]\n\nSends one big file from a headless browser over a path that breaks again and again.')
    .option('--json', 'Print the outcome as one line of JSON, the last one; everything else goes to stderr')
    .option('--serve', 'Only serve the page, the server and the injector, for a browser of your own');
  cli.help();
  const { args, options } = cli.parse([...argv], { run: false });
  const isHelp = options['help'] === true;
  const isJson = options['json'] === true;
  const isServe = options['serve'] === true;
  if (!isHelp) {
    if (args.length > 0) throw new Error(`There is nothing to do with ${JSON.stringify(args[0])}. See --help.`);
    try {
      cli.globalCommand.checkUnknownOptions();
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}. See --help.`, { cause: error });
    }
    if (isJson && isServe) throw new Error('--json and --serve do not go together: --serve has no outcome.');
  }
  return { isHelp, isJson, isServe };
}
