/** How much of the last rate there is in the next one after so long: what is drawn is calm, and not late. */
const HALF_LIFE_MS = 250;

/** Makes a rate of a count that grows. */
export class RateMeter {
  /** In counts per second. */
  perSecond = 0;
  #last: { readonly atMs: number; readonly count: number } | undefined;

  /** @returns the rate now */
  add(atMs: number, count: number): number {
    const { atMs: lastAtMs, count: lastCount } = this.#last ?? { atMs, count };
    this.#last = { atMs, count };
    const passedMs = atMs - lastAtMs;
    if (passedMs <= 0) return this.perSecond;
    const share = 2 ** (-passedMs / HALF_LIFE_MS);
    const rate = ((count - lastCount) * 1000) / passedMs;
    this.perSecond = this.perSecond * share + rate * (1 - share);
    // What is left of a rate that has ended is none.
    if (count === lastCount && this.perSecond < 100) this.perSecond = 0;
    return this.perSecond;
  }
}
