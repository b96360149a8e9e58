import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { howToGetABrowser } from '../../test/support/find-browser.mjs';
import { interruption } from './interruption.ts';

/** What a bench ends with. */
export const ExitCode = { ok: 0, failed: 1, noBrowser: 2, interrupted: 130 } as const;

/** What a bench runs in. */
export interface Surroundings {
  /** Path of the browser. */
  readonly executable: string;
  /** For all files there are; goes away at the end. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a bench that needs a browser.
 *
 * @param read - reads the command line, or throws what is wrong with it
 * @param find - finds the browser
 * @returns the exit code
 */
export async function runMain<Line extends { readonly isHelp: boolean }>(
  read: (argv: readonly string[]) => Line,
  find: (line: Line) => string | undefined,
  bench: (line: Line, surroundings: Surroundings) => Promise<number>,
): Promise<number> {
  let line: Line;
  try {
    line = read(process.argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return ExitCode.failed;
  }
  if (line.isHelp) return ExitCode.ok;
  const executable = find(line);
  if (executable === undefined) {
    console.error(`No browser was found. ${howToGetABrowser}`);
    return ExitCode.noBrowser;
  }
  const { signal } = interruption();
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-bench-'));
  try {
    return await bench(line, { executable, folder, signal });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
