import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type * as benchmarks from './benchmarks.ts';

/**
 * The benchmarks as plain JavaScript. What runs TypeScript here names every function as it is made, which costs the
 * decoder of frames more than half of its speed, and is not in what is shipped.
 */
export async function loadBundled(): Promise<typeof benchmarks> {
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-bench-'));
  try {
    const outfile = join(folder, 'benchmarks.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('benchmarks.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'es2022',
      logLevel: 'error',
      outfile,
    });
    return (await import(pathToFileURL(outfile).href)) as typeof benchmarks;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
