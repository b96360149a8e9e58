import { exec } from 'node:child_process';
import { statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patternBytes } from '../support/pattern-bytes.ts';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 180_000;

interface Outcome {
  readonly ok: boolean;
  readonly bytes: number;
  readonly sha256Sent: string;
  readonly sha256Received: string | null;
  readonly connections: number;
  readonly closes: readonly number[];
  readonly limitTrail: readonly number[];
  readonly resentBytes: number;
  readonly seconds: number;
  readonly pings: number;
  readonly pingsLeftOut: number;
  readonly pingP50Ms: number | null;
  readonly pingP99Ms: number | null;
  readonly pingIdleP50Ms: number | null;
  readonly pingIdleP99Ms: number | null;
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Rejects, with the output, unless the exit code is 0. */
async function runDemo(args = '', env: NodeJS.ProcessEnv = {}): Promise<Output> {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  return promisify(exec)(`npm run --silent demo -- --json ${args}`, {
    cwd,
    env: { ...process.env, ...env },
    timeout: TIMEOUT_MS,
  });
}

function readOutcome({ stdout }: Output): Outcome {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Outcome;
}

describe('npm run demo', () => {
  it(
    'brings a file of 100 MB whole over limits, a cut, a 1014 and a 502, and small messages beside it',
    async () => {
      const output = await runDemo();
      const outcome = readOutcome(output);

      expect(outcome.ok).toBe(true);
      expect(outcome.bytes).toBe(statSync(process.execPath).size);
      expect(outcome.sha256Sent).toMatch(/^[0-9a-f]{64}$/);
      expect(outcome.sha256Received).toBe(outcome.sha256Sent);
      expect(outcome.closes).toEqual(expect.arrayContaining([1009, 1014, 1006]));
      expect(outcome.connections).toBeGreaterThanOrEqual(4);
      expect(outcome.limitTrail[0]).toBe(262_144);
      expect(outcome.limitTrail.at(-1)).toBeLessThanOrEqual(32_768);
      expect(outcome.resentBytes).toBeGreaterThan(0);
      expect(outcome.resentBytes).toBeLessThanOrEqual(4 * MIB);
      expect(outcome.seconds).toBeGreaterThan(0);

      expect(outcome.pings).toBeGreaterThanOrEqual(20);
      expect(outcome.pingsLeftOut).toBeGreaterThanOrEqual(0);
      const { pingP50Ms, pingP99Ms, pingIdleP50Ms, pingIdleP99Ms } = outcome;
      for (const [p50, p99] of [
        [pingP50Ms, pingP99Ms],
        [pingIdleP50Ms, pingIdleP99Ms],
      ]) {
        expect(p50).toBeGreaterThan(0);
        expect(p99).toBeGreaterThanOrEqual(p50 ?? Infinity);
        expect(p99).toBe(Number(p99?.toFixed(1)));
      }
      // A message that waits for the file would take seconds.
      expect(pingP50Ms).toBeLessThan(1000);

      expect(output.stderr).toMatch(/\d %, [\d.]+ MiB of [\d.]+ MiB, [\d.]+ [kM]B\/s/);
      expect(output.stderr).toContain('were under way when a connection was lost, and are left out');
    },
    TIMEOUT_MS,
  );

  it.each(['firefox', 'webkit'])(
    'does the same in %s, with a file of one’s own',
    async (browser) => {
      const folder = await mkdtemp(join(tmpdir(), 'chunksocket-test-'));
      const file = join(folder, 'sample');
      onTestFinished(() => rm(folder, { recursive: true }));
      await writeFile(file, patternBytes(8 * MIB));

      const outcome = readOutcome(await runDemo(`--browser ${browser} --file "${file}"`));

      expect(outcome).toMatchObject({ ok: true, bytes: 8 * MIB, sha256Received: outcome.sha256Sent });
      // WebKit shows a 1014 as 1006.
      const codes = browser === 'webkit' ? [1009, 1006] : [1009, 1006, 1014];
      expect(outcome.closes).toEqual(expect.arrayContaining(codes));
      expect(outcome.resentBytes).toBeLessThanOrEqual(4 * MIB);
    },
    TIMEOUT_MS,
  );

  it('says what there is for a browser of which it knows nothing', async () => {
    const failure: unknown = await runDemo('--browser lynx').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1 });
    expect((failure as Output).stderr).toContain('--browser is lynx. There are chromium, firefox, webkit.');
  });

  it(
    'ends with an exit code and says why when the page does not get to anything',
    async () => {
      // No browser: it ends at once, for it knows none of the options.
      const failure: unknown = await runDemo('', { CHUNKSOCKET_CHROMIUM: process.execPath }).catch(
        (error: unknown) => error,
      );

      expect(failure).toMatchObject({ code: 1 });
      const output = failure as Output;
      expect(readOutcome(output)).toMatchObject({
        ok: false,
        sha256Received: null,
        closes: [],
        seconds: 0,
        pings: 0,
        pingP50Ms: null,
        pingP99Ms: null,
        pingIdleP50Ms: null,
        pingIdleP99Ms: null,
      });
      expect(output.stderr).toContain('The browser ended by itself');
    },
    TIMEOUT_MS,
  );
});
