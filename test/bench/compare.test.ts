import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';

/** Nothing is timed: it only ends what hangs. */
const HANG_MS = 300_000;

interface Row {
  readonly name: string;
  readonly ours: number;
  readonly raw: number | null;
  readonly ratio: number | null;
  readonly goal: number | null;
  readonly ok: boolean | null;
  readonly failure?: string;
}

const run = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)('npx', ['--no-install', 'tsx', 'bench/compare/main.ts', ...args], { timeout: HANG_MS });

describe('npm run bench', () => {
  test(
    'measures every row of a quick run in a browser, beside the raw WebSocket',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const file = join(folder, 'bench.json');
      const { stdout } = await run('--quick', '--rounds', '1', '--json', file);
      expect(stdout).toContain('Rows failed: 0.');
      const { rows } = JSON.parse(await readFile(file, 'utf8')) as { rows: Row[] };
      expect(rows.filter(({ failure }) => failure !== undefined)).toEqual([]);
      expect(rows.map(({ name }) => name)).toEqual([
        'upload',
        'upload-cpu',
        'download',
        'text-ascii',
        'burst-up',
        'burst-down',
        'burst-down-drop-in',
        'round-trip',
        'beside',
        'beside-upload',
        'bundle',
      ]);
      for (const { name, ours, raw, ratio, goal, ok } of rows) {
        expect(ours, name).toBeGreaterThan(0);
        expect(goal, name).toBeGreaterThan(0);
        expect(typeof ok, name).toBe('boolean');
        if (name !== 'beside' && name !== 'bundle') expect(Math.min(raw ?? 0, ratio ?? 0), name).toBeGreaterThan(0);
      }
    },
    HANG_MS,
  );

  test.each([
    [['--only', 'nothing'], 'There is no row "nothing"'],
    [['--rounds', '0'], '0 is no number of rounds'],
    [['--browser', 'mosaic'], 'There is no browser "mosaic"'],
    [['--fast'], 'Unknown option'],
  ])('says what is wrong with %j', async (args, text) => {
    await expect(run(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(text) as string });
  });
});
