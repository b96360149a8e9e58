import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { MAX_COUNTERS } from './counters.ts';
import { COUNTERS_NAME, instrument } from './instrument.ts';

const engineFolder = dirname(fileURLToPath(import.meta.url));

/** What is fuzzed, in one file, with a counter in each branch of the files that are followed. */
export interface Bundle {
  readonly file: string;
  readonly counterCount: number;
}

/**
 * Writes the fuzzer's worker for the target in `targetFile` into `folder`.
 *
 * @param followed - files whose branches are counted, and folders with such files
 */
export async function makeBundle(targetFile: string, followed: readonly string[], folder: string): Promise<Bundle> {
  const { sources, counterCount } = instrumentAll(followed.flatMap(filesOf));
  const file = join(folder, 'fuzz-worker.mjs');
  const start = [
    `import { target } from ${JSON.stringify(targetFile)};`,
    `import { start } from './worker.ts';`,
    'start(target);',
  ].join('\n');
  await build({
    stdin: { contents: start, resolveDir: engineFolder, loader: 'ts' },
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
    // Files beside a module are found where the module was, not where the bundle is.
    plugins: [
      {
        name: 'instrument',
        setup: (plugin) => {
          plugin.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
            loader: 'ts',
            contents: (sources.get(path) ?? readFileSync(path, 'utf8')).replaceAll(
              'import.meta.url',
              JSON.stringify(pathToFileURL(path).href),
            ),
          }));
        },
      },
    ],
  });
  return { file, counterCount };
}

function filesOf(path: string): string[] {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
}

/** Numbered in the order of the names: the same sources have the same numbers in each run. */
function instrumentAll(files: readonly string[]): { sources: Map<string, string>; counterCount: number } {
  const sources = new Map<string, string>();
  const importCounters = `import { counters as ${COUNTERS_NAME} } from ${JSON.stringify(join(engineFolder, 'counters.ts'))};`;
  let counterCount = 0;
  for (const file of files) {
    const code = instrument(file, readFileSync(file, 'utf8'), () => counterCount++);
    sources.set(file, importCounters + code);
  }
  if (counterCount > MAX_COUNTERS) throw new Error(`There are ${counterCount} branches, and ${MAX_COUNTERS} counters.`);
  return { sources, counterCount };
}
