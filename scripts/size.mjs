// Measures what a user downloads of each entry, and fails when it is over its limit. Needs dist/.
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
    // Of the server's entry; a test checks that no other imports Node.
    external: ['node:*'],
    write: false,
    logLevel: 'error',
  });
  return result.outputFiles[0].contents;
}

// Ratchets: what was reached, rounded up, towards 10,000. They go down, but for what the socket newly does (the latest:
// streams, `incoming`, the delay-based window, byte streams, 6.2 kB; the
// plain mode, 4.4 kB; what faults, fuzzing and hostile peers found, 0.3 kB; big messages in pieces, and put together as they come, 0.5 kB;
// small messages in shared arrays, a window that knows whether anybody waits, 0.4 kB; what an inspector wants to know, 0.3 kB).
const ratchets = {
  '{ ChunkSocket } from chunksocket': 32_720,
  '{ ChunkWebSocket } from chunksocket/websocket': 31_970,
  '{ OptionError } from chunksocket': 400,
  '* from chunksocket': 32_860,
  '* from chunksocket/websocket': 31_970,
  '* from chunksocket/server': 35_000,
  '* from chunksocket/explain': 12_000,
  '* from chunksocket/testing': 45_000,
};
const scriptTag = { name: 'chunksocket.iife.min.js (script tag)', gzipLimit: 32_230 };

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
for (const [path, target] of Object.entries(manifest.exports)) {
  const name = `* from ${path.replace('.', manifest.name)}`;
  if (typeof target !== 'string' && !(name in ratchets)) throw new Error(`There is no limit for ${name}.`);
}

const bundles = Object.entries(ratchets).map(async ([name, gzipLimit]) => {
  const [, names, entry] = /^(.+) from (.+)$/.exec(name);
  return { name, gzipLimit, bytes: await bundle(`export ${names} from '${entry}';`) };
});
const measured = [
  ...(await Promise.all(bundles)),
  { ...scriptTag, bytes: readFileSync('dist/chunksocket.iife.min.js') },
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
