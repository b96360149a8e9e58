import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a page imports for each. */
const IMPORTS = {
  chunksocket: "export { ChunkSocket } from './dist/index.js';",
  'drop-in': "export { ChunkWebSocket } from './dist/websocket.js';",
  'socket.io': "export { io } from 'socket.io-client';",
  partysocket: "export { WebSocket } from 'partysocket';",
} as const;

/** Minified with all dependencies, as a user's bundler does it, and compressed by gzip: in kB (1000 bytes). */
export async function measureBundles(): Promise<Record<keyof typeof IMPORTS, number>> {
  const entries = Object.entries(IMPORTS).map(async ([name, contents]) => [name, await measure(contents)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<keyof typeof IMPORTS, number>;
}

async function measure(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1000;
}
