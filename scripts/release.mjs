// Everything that must hold before a release, and then the tarball: it stops before publishing, and says how to.
// Without the gate, and so without a tarball: `npm run release -- --quick`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { integrityOfBuild, integrityProblem } from './integrity.mjs';
import { packProblems, versionProblems } from './release-checks.mjs';

const isQuick = process.argv.includes('--quick');
const read = (path) => readFileSync(path, 'utf8');
const manifest = JSON.parse(read('package.json'));
const { version } = manifest;
// As in the gate: the build changes no document then.
process.env.CI ??= 'true';

step('the working tree is clean', cleanTreeProblems);
step(`${version} is in the changelog, and new`, () =>
  versionProblems({
    version,
    lockVersion: JSON.parse(read('package-lock.json')).version,
    changelog: read('CHANGELOG.md'),
    tags: output('git', 'tag', '--list').split('\n'),
  }),
);
if (isQuick) step('it builds', () => runProblems('npm', 'run', '--silent', 'build'));
else step('the gate', () => runProblems(process.execPath, 'scripts/gate.mjs'));
step('the documents name the hash of the script tag', () => [integrityProblem()].filter(Boolean));
step('the API is as it was reviewed', () => runProblems('npm', 'run', '--silent', 'api:check'));
const [pack] = JSON.parse(output('npm', 'pack', '--json', '--ignore-scripts', ...(isQuick ? ['--dry-run'] : [])));
step('the tarball has what it needs, and nothing else', () => packProblems(pack.files, manifest));
step('nothing of it changed a file', cleanTreeProblems);

console.log(`\n${pack.filename}: ${pack.entryCount} files, ${pack.size} bytes, ${pack.shasum}`);
console.log(`integrity="${integrityOfBuild()}"`);
if (isQuick) {
  console.log('\nQuick: the gate did not run, and nothing was packed.');
} else {
  console.log(`\nAll is well. It is published by:\n
  git tag v${version} && git push origin v${version}
  npm publish ./${pack.filename} --access public\n`);
}

/** Ends the process with what is wrong. */
function step(name, check) {
  console.log(`... ${name}`);
  const problems = check();
  if (problems.length === 0) return;
  for (const problem of problems) console.error(`    ${problem}`);
  console.error(`\nNot released: ${name} does not hold.`);
  process.exit(1);
}

function cleanTreeProblems() {
  const status = output('git', 'status', '--porcelain');
  return status === '' ? [] : status.split('\n').map((line) => `changed: ${line}`);
}

/** Runs it; its output is ours. */
function runProblems(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return status === 0 ? [] : [`${[command, ...args].join(' ')} failed.`];
}

function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} failed.`);
  return stdout.trimEnd();
}
