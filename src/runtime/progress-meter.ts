const EVERY_MS = 50;

/** Tells when progress is worth an event, and how fast it is. */
export class ProgressMeter {
  /** Smoothed over the last events; 0 until there are two. */
  bytesPerSecond = 0;
  #bytes = 0;
  #atMs = -Infinity;

  /** Whether an event is due: at most one in 50 ms. */
  isDue(bytes: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs < EVERY_MS) return false;
    // A message that is sent again begins at 0.
    if (elapsedMs < Infinity && bytes >= this.#bytes) {
      const rate = ((bytes - this.#bytes) * 1000) / elapsedMs;
      this.bytesPerSecond = this.bytesPerSecond === 0 ? rate : this.bytesPerSecond * 0.7 + rate * 0.3;
    }
    this.#bytes = bytes;
    this.#atMs = nowMs;
    return true;
  }
}
