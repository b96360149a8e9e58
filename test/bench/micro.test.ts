import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Nothing is timed: it only ends what hangs, on the slowest of machines. */
const TIMEOUT_MS = 120_000;
const NAMES = [
  'varint-encode',
  'varint-decode',
  'frame-encode',
  'frame-decode',
  'packet-decode',
  'link-64k',
  'link-1m',
  'mux-burst',
  'mux-binary',
  'mux-ascii',
  'mux-cjk',
];

interface Report {
  readonly isQuick: boolean;
  readonly rows: readonly { name: string; value: number; unit: string; rme: number; samples: number }[];
}

/** Rejects, with the output, unless the exit code is 0. */
async function runMicro(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'bench/micro/main.ts', ...args], {
    cwd: ROOT,
    timeout: TIMEOUT_MS,
  });
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('npm run bench:micro', () => {
  it(
    'has a positive figure for every benchmark, in the table and as JSON',
    async () => {
      const jsonPath = join(await makeFolder(), 'figures.json');

      const { stdout } = await runMicro('--quick', '--json', jsonPath);

      const { isQuick, rows } = JSON.parse(await readFile(jsonPath, 'utf8')) as Report;
      expect(isQuick).toBe(true);
      expect(rows.map(({ name }) => name)).toEqual(NAMES);
      for (const { name, value, unit, rme, samples } of rows) {
        expect(value, name).toBeGreaterThan(0);
        expect(unit, name).toMatch(/\/s$/);
        expect(rme, name).toBeGreaterThanOrEqual(0);
        expect(samples, name).toBeGreaterThanOrEqual(2);
        expect(stdout).toMatch(new RegExp(`^${name} +[\\d,]+ ${unit} `, 'm'));
      }
    },
    TIMEOUT_MS,
  );

  it(
    'writes a profile of what it was asked for, and of nothing else',
    async () => {
      const folder = await makeFolder();

      const { stdout } = await runMicro('--quick', '--only', 'frame-decode', '--profile', folder);

      const profile = JSON.parse(await readFile(join(folder, 'frame-decode.cpuprofile'), 'utf8')) as {
        readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
      };
      expect(profile.nodes.length).toBeGreaterThan(1);
      expect(NAMES.filter((name) => stdout.includes(name))).toEqual(['frame-decode']);
    },
    TIMEOUT_MS,
  );

  it(
    'names the benchmarks there are where it is asked for another one',
    async () => {
      await expect(runMicro('--only', 'codec')).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringContaining(NAMES.join(', ')) as string,
      });
    },
    TIMEOUT_MS,
  );
});
