// Measures what a user downloads, and fails when it is over the limit. Needs dist/.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Minified, with the package's dependencies, as a user's bundler makes it for a page. */
async function bundle(source) {
  const result = await build({
    stdin: { contents: source, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  });
  return result.outputFiles[0].contents;
}

// Ratchets: what was reached, rounded up, towards 10,000. They go down, but for what the socket newly does (the latest:
// streams, `incoming`, the delay-based window, byte streams, 6.2 kB; the
// plain mode, 4.4 kB; what faults, fuzzing and hostile peers found, 0.3 kB; big messages in pieces, and put together as they come, 0.5 kB;
// what can be seen of a socket: `connect`, `debug`, what waits on each channel, 0.3 kB).
const measured = [
  {
    name: "import { ChunkSocket } from 'chunksocket'",
    bytes: await bundle("export { ChunkSocket } from 'chunksocket';"),
    gzipLimit: 31_870,
  },
  {
    name: "import { ChunkWebSocket } from 'chunksocket/websocket'",
    bytes: await bundle("export { ChunkWebSocket } from 'chunksocket/websocket';"),
    gzipLimit: 31_100,
  },
  {
    name: 'chunksocket.iife.min.js (script tag)',
    bytes: readFileSync('dist/chunksocket.iife.min.js'),
    gzipLimit: 31_410,
  },
].map(({ name, bytes, gzipLimit }) => ({
  name,
  minified: bytes.byteLength,
  gzip: gzipSync(bytes, { level: 9 }).byteLength,
  brotli: brotliCompressSync(bytes).byteLength,
  gzipLimit,
}));

const width = Math.max(...measured.map(({ name }) => name.length));
const row = (cells) => cells.map((cell) => String(cell).padStart(9)).join('');
console.log(`${'bytes'.padEnd(width)}${row(['minified', 'gzip -9', 'limit', 'left', 'brotli'])}`);
for (const { name, minified, gzip, brotli, gzipLimit } of measured) {
  const verdict = gzip > gzipLimit ? '  TOO BIG' : '  ok';
  console.log(`${name.padEnd(width)}${row([minified, gzip, gzipLimit, gzipLimit - gzip, brotli])}${verdict}`);
  if (gzip > gzipLimit) process.exitCode = 1;
}
