/** Round-trip times of some pings, in numbers. */
export interface PingFigures {
  /** Pings that came back. */
  readonly count: number;
  /** Pings that were under way when a connection was lost: they tell about the fault, and are not among the others. */
  readonly leftOut: number;
  /** In ms; null when nothing came back. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Of an open end only the latest are kept. */
const KEPT = 10_000;

/** Round-trip times of pings that were sent under the same conditions. */
export class PingSeries {
  /** See {@link PingFigures}. */
  leftOut = 0;
  #timesMs: number[] = [];
  #count = 0;

  add(ms: number): void {
    this.#count++;
    this.#timesMs.push(ms);
    if (this.#timesMs.length >= 2 * KEPT) this.#timesMs = this.#timesMs.slice(-KEPT);
  }

  get figures(): PingFigures {
    const sorted = [...this.#timesMs].sort((a, b) => a - b);
    const at = (fraction: number): number | null => {
      const ms = sorted[Math.ceil(sorted.length * fraction) - 1];
      return ms === undefined ? null : Number(ms.toFixed(1));
    };
    return { count: this.#count, leftOut: this.leftOut, p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}
