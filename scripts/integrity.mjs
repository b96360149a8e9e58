// The hash of the script tag's file, as the documents name it: `node scripts/integrity.mjs` fails where they name another,
// and writes it into them with `--write`. The build does the same.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = 'dist/chunksocket.iife.min.js';
/** A script tag of any version of it, from a CDN. */
const TAG =
  /<script\s[^>]*src="(https:\/\/[^"]*\/chunksocket@)[^/"]+(\/dist\/chunksocket\.iife\.min\.js)"[^>]*><\/script>/g;

/**
 * The value of the attribute `integrity` (SRI) for the file that was built last.
 *
 * @returns {string}
 */
export function integrityOfBuild() {
  return `sha384-${createHash('sha384').update(readFileSync(FILE)).digest('base64')}`;
}

/**
 * The documents whose script tags are of another build or version, with what they should say.
 *
 * @returns {{ path: string, text: string, current: string }[]}
 * @throws where the README has no such tag at all
 */
export function staleDocuments() {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const attributes = `integrity="${integrityOfBuild()}"\n  crossorigin="anonymous"`;
  const tag = `<script\n  src="$1${version}$2"\n  ${attributes}\n></script>`;
  const guides = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  const readme = readFileSync('README.md', 'utf8');
  if (readme.match(TAG) === null) throw new Error('README.md has no script tag for the file of the build.');
  const documents = [
    { path: 'README.md', text: readme },
    ...guides.map((path) => ({ path: join('docs', path), text: readFileSync(join('docs', path), 'utf8') })),
  ];
  return documents
    .map(({ path, text }) => ({ path, text, current: text.replace(TAG, tag) }))
    .filter(({ text, current }) => text !== current);
}

/**
 * What is wrong with the documents, and what to do about it; undefined where nothing is.
 *
 * @returns {string | undefined}
 */
export function integrityProblem() {
  const paths = staleDocuments().map(({ path }) => path);
  if (paths.length === 0) return undefined;
  return `${paths.join(', ')}: the script tag is not of this build (${integrityOfBuild()}). Run \`npm run build\` and commit it.`;
}

/**
 * Brings the documents up to date, and returns the paths of those that were not.
 *
 * @returns {string[]}
 */
export function writeIntegrity() {
  const stale = staleDocuments();
  for (const { path, current } of stale) writeFileSync(path, current);
  return stale.map(({ path }) => path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) {
    for (const path of writeIntegrity()) console.log(`${path}: the script tag is that of the build now`);
  }
  console.log(`${FILE} ${integrityOfBuild()}`);
  const problem = integrityProblem();
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
  }
}
