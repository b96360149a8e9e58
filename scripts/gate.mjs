// Everything that must hold before a change goes in, in one run; it goes on after a failure, to show all of them.
// The last line is `N passed, N failed`: each step counts as one, but for the tests, which count for themselves.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Wherever it runs: seeds are fixed then.
process.env.CI ??= 'true';

const steps = [
  ['format', 'npm run --silent format:check'],
  ['lint', 'npm run --silent lint'],
  ['types', 'npm run --silent typecheck'],
  ['build', 'npm run --silent build'],
  ['sri', 'npm run --silent integrity'],
  ['api', 'npm run --silent api:check'],
  ['api docs', 'npm run --silent docs:api'],
  ['tests', runTests],
  ['size', 'npm run --silent size'],
  ['publint', 'npx --no-install publint --strict'],
  ['attw', 'npx --no-install attw --pack . --profile esm-only'],
  ['demo', 'npm run --silent demo -- --json'],
];

const total = { passed: 0, failed: 0 };
const summary = [];
/** Shown again at the end: what is above it may be long. */
const failedTests = [];
for (const [name, step] of steps) {
  console.log(`\n=== ${name}`);
  const startedAtMs = Date.now();
  const { passed, failed } = typeof step === 'string' ? count(run(step)) : step();
  total.passed += passed;
  total.failed += failed;
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
  summary.push(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${seconds.padStart(6)} s  ${passed} passed, ${failed} failed`,
  );
}
for (const name of failedTests) console.log(`FAIL ${name}`);
console.log(`\n${summary.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** Whether the command ended well. Its output is ours. */
function run(command) {
  return spawnSync(command, { shell: true, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

function count(isPassed) {
  return isPassed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'chunksocket-gate-'));
  const file = join(folder, 'vitest.json');
  try {
    const isPassed = run(`npm test -- --reporter=default --reporter=json --outputFile.json="${file}"`);
    const { passed, failed } = readReport(file);
    // An unhandled error or a broken set-up fails no test, but the run.
    return { passed, failed: isPassed ? failed : Math.max(failed, 1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    // A file that does not load has no failed test of its own: it counts as one.
    const isBroken = ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed');
    for (const { name, status, assertionResults } of report.testResults) {
      const failed = assertionResults.filter((result) => result.status === 'failed');
      if (status === 'failed' && failed.length === 0) failedTests.push(`${name}: did not load`);
      for (const { fullName, failureMessages } of failed) {
        failedTests.push(`${name}: ${fullName}: ${failureMessages[0]?.split('\n', 1)[0] ?? ''}`);
      }
    }
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + report.testResults.filter(isBroken).length,
    };
  } catch {
    console.error('The tests left no report.');
    return { passed: 0, failed: 1 };
  }
}
