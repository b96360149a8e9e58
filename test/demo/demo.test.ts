import { exec } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MIB = 1024 * 1024;
const TIMEOUT_MS = 180_000;

interface Outcome {
  readonly ok: boolean;
  readonly bytes: number;
  readonly sha256Sent: string;
  readonly sha256Received: string;
  readonly connections: number;
  readonly closes: readonly number[];
  readonly limitTrail: readonly number[];
  readonly resentBytes: number;
  readonly seconds: number;
}

async function runDemo(): Promise<Outcome> {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  // Rejects with the output, unless the exit code is 0.
  const { stdout } = await promisify(exec)('npm run --silent demo -- --json', { cwd, timeout: TIMEOUT_MS });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Outcome;
}

describe('npm run demo', () => {
  it(
    'brings a file of 100 MB whole over limits, a cut, a 1014 and a 502, and sends little of it twice',
    async () => {
      const outcome = await runDemo();

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
    },
    TIMEOUT_MS,
  );
});
