/** How long to wait before coming back. */
export interface BackoffOptions {
  /** Upper bound of the first delay, in ms. */
  readonly baseMs: number;
  /** Upper bound of every delay, in ms. */
  readonly maxMs: number;
}

/**
 * Exponential backoff with full jitter: anywhere from nothing to `min(maxMs, baseMs * 2^attempt)`, so that clients that
 * lost the same server do not all come back at once (Brooker, "Exponential Backoff And Jitter", 2015).
 *
 * @param attempt - from 0
 * @param random - from 0 (inclusive) to 1 (exclusive)
 */
export function backoffMs(attempt: number, { baseMs, maxMs }: BackoffOptions, random: number): number {
  return Math.round(random * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30)));
}
