import type { CAC } from 'cac';

/**
 * Reads the options that were declared, and nothing else; with `--help` it prints what there is.
 *
 * @throws Error, with a sentence for people, for options that there are not
 */
export function parseOptions(
  cli: CAC,
  argv: readonly string[],
): { readonly isHelp: boolean; readonly options: Readonly<Record<string, unknown>> } {
  cli.help();
  const { args, options } = cli.parse([...argv], { run: false });
  if (options['help'] === true) return { isHelp: true, options };
  if (args.length > 0) throw new Error(`There is nothing to do with ${JSON.stringify(args[0])}. See --help.`);
  try {
    cli.globalCommand.checkUnknownOptions();
    cli.globalCommand.checkOptionValue();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}. See --help.`, { cause: error });
  }
  return { isHelp: false, options };
}
