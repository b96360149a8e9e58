/** What comes faster than this shares a packet, in ms. */
const INTERVAL_MS = 1;
/** After a pause, how long messages seem to be apart. */
const MAX_GAP_MS = 16;
/** Part of the newest gap in their average. */
const WEIGHT = 1 / 16;

/**
 * Whether small messages, each sent in a task of its own, wait for the next ones: each packet costs both sides more than
 * the message in it. As in Nagle's algorithm (RFC 896 section 4) they wait only while something is unacknowledged, which
 * leaves questions and answers alone; unlike there only where they come at more than a thousand a second, when the last
 * packet is less than a millisecond old, and for a millisecond at most (as exactly as timers are).
 */
export class Coalescing {
  #waiting = 0;
  #wroteAtMs = -Infinity;
  /** Average time between two messages of late. */
  #gapMs = MAX_GAP_MS;

  /** A message was given to the session. */
  add(): void {
    this.#waiting++;
  }

  /** What had been given was asked for. */
  wrote(nowMs: number): void {
    if (this.#waiting === 0) return;
    const gapMs = Math.min(MAX_GAP_MS, (nowMs - this.#wroteAtMs) / this.#waiting);
    this.#gapMs += (gapMs - this.#gapMs) * WEIGHT;
    this.#wroteAtMs = nowMs;
    this.#waiting = 0;
  }

  /** How long that may wait, in whole ms (engines cut fractions off); 0 to write it now. */
  waitMs(nowMs: number): number {
    if (this.#gapMs >= INTERVAL_MS || this.#waiting === 0) return 0;
    return Math.max(0, Math.ceil(this.#wroteAtMs + INTERVAL_MS - nowMs));
  }
}
