import { vi } from 'vitest';

const TIMEOUT_MS = 30_000;
const INTERVAL_MS = 20;

/** Waits for something to be so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  try {
    await vi.waitUntil(isSo, { timeout: TIMEOUT_MS, interval: INTERVAL_MS });
  } catch (error) {
    throw new Error(`There was never ${what}.`, { cause: error });
  }
}
