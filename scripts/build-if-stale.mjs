// Builds dist/ when it is missing or older than what it is made from.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const newestSource = Math.max(
  ...['package.json', 'rollup.config.mjs', 'scripts/internal-names.mjs', ...filesBelow('src')].map(
    (file) => statSync(file).mtimeMs,
  ),
);
const outputs = existsSync('dist') ? filesBelow('dist') : [];
const oldestOutput = outputs.length === 0 ? 0 : Math.min(...outputs.map((file) => statSync(file).mtimeMs));

if (oldestOutput < newestSource) {
  const { status } = spawnSync('npm', ['run', 'build', '--silent'], { stdio: ['ignore', 2, 2] });
  process.exitCode = status ?? 1;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
