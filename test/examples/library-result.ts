import type { ExampleRig } from './rig.ts';

const TIMEOUT_MS = 40_000;

/** Slow enough that a cut is one in the middle of a message. */
export const LIBRARY_SHAPE = { bytesPerSecond: 2_000_000 };

/** Lets the page of a library's example come to its end, and returns what it says. */
export async function finish<Result>({ page }: ExampleRig): Promise<Result> {
  await page.click('#stop');
  await page.waitForFunction('window.exampleResult !== undefined', { timeout: TIMEOUT_MS });
  return (await page.evaluate('window.exampleResult')) as Result;
}
