import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from '../../src/client/backoff.ts';

const options = { baseMs: 500, maxMs: 30_000 };

test('the bound doubles with each try, up to the cap', () => {
  const bounds = Array.from({ length: 9 }, (_, attempt) => backoffMs(attempt, options, 1));
  expect(bounds).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('nothing overflows, however often it failed', () => {
  for (const attempt of [30, 31, 32, 1023, 1024, 1e9]) {
    expect(backoffMs(attempt, options, 1)).toBe(30_000);
    expect(backoffMs(attempt, { baseMs: 0, maxMs: 30_000 }, 1)).toBe(0);
  }
});

test('a delay is a whole number from 0 to the bound', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.nat(100_000),
      fc.nat(100_000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, baseMs, maxMs, random) => {
        const delayMs = backoffMs(attempt, { baseMs, maxMs }, random);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30)));
      },
    ),
    { seed },
  );
});
