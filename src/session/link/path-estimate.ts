const WINDOW_MS = 5000;

/**
 * Round trip and delivery rate of the current path, from acknowledgements that were asked for (others may be delayed by
 * the peer). Both are kept over the current and the previous 5 s: the least round trip and the best rate of 5 to 10 s,
 * in the manner of BBR (draft-ietf-ccwg-bbr), since their product is what has to be in flight to keep the path busy.
 */
export class PathEstimate {
  /** Smoothed round trip in ms (RFC 6298 weights), 0 while unknown. */
  rttMs = 0;
  #leastRttMs = Infinity;
  #leastRttBeforeMs = Infinity;
  #bestRate = 0;
  #bestRateBefore = 0;
  #windowEndsAtMs = 0;

  /** Best delivery rate in bytes per ms, 0 while unknown. */
  get rate(): number {
    return Math.max(this.#bestRate, this.#bestRateBefore);
  }

  /** Bytes in flight that keep the path busy without a queue (0 while unknown). */
  get bandwidthDelayBytes(): number {
    const leastRttMs = Math.min(this.#leastRttMs, this.#leastRttBeforeMs);
    return this.rate === 0 ? 0 : this.rate * leastRttMs;
  }

  /**
   * @param bytes - what was acknowledged within this round trip
   * @param isBusy - more could have been sent: otherwise it was the application that was slow, and the path is at least
   *   this fast
   * @returns true when a window of measurement has ended: time to let the queue run dry and see the true round trip
   */
  sample(rttMs: number, bytes: number, nowMs: number, isBusy: boolean): boolean {
    // Browsers coarsen the clock to between 5 µs and 1 ms: never divide by less than that.
    const roundTripMs = Math.max(rttMs, 0.5);
    this.rttMs = this.rttMs === 0 ? roundTripMs : this.rttMs * 0.875 + roundTripMs * 0.125;
    const ended = nowMs >= this.#windowEndsAtMs;
    if (ended) {
      this.#leastRttBeforeMs = this.#leastRttMs;
      this.#bestRateBefore = this.#bestRate;
      this.#leastRttMs = Infinity;
      this.#bestRate = 0;
      this.#windowEndsAtMs = nowMs + WINDOW_MS;
    }
    this.#leastRttMs = Math.min(this.#leastRttMs, roundTripMs);
    const rate = bytes / roundTripMs;
    if (isBusy || (this.rate > 0 && rate > this.rate)) this.#bestRate = Math.max(this.#bestRate, rate);
    return ended;
  }
}
