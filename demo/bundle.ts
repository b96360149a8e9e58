import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What a page's script, or its style, is as one file. Everything is imported as `exports` of package.json has it. */
export async function bundle(entry: URL, options: { readonly isMinified?: boolean } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: options.isMinified ?? false,
    legalComments: 'inline',
    write: false,
    logLevel: 'error',
    // Without the paths of tsconfig.json, which lead to the sources.
    tsconfigRaw: {},
  });
  return outputFiles[0]?.text ?? '';
}
