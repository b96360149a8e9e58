import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';

/** What runs elsewhere: in the page, and in the server's process. */
export interface Bundles {
  /** Source of the page's script. */
  readonly page: string;
  /** Path of the server's script: plain JavaScript, so that no compiler counts as its memory. */
  readonly server: string;
}

/**
 * @param folder - where files go
 * @param isMinified - the page's; for people, it is not
 */
export async function makeBundles(
  pageEntry: URL,
  serverEntry: URL,
  folder: string,
  isMinified = true,
): Promise<Bundles> {
  const [page, serverText] = await Promise.all([
    bundle(pageEntry, { format: 'esm', minify: isMinified, platform: 'browser' }),
    bundle(serverEntry, { format: 'cjs', platform: 'node' }),
  ]);
  const server = join(folder, 'server.cjs');
  await writeFile(server, serverText);
  return { page, server };
}

async function bundle(entry: URL, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}
