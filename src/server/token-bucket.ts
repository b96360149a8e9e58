/** Lets through so many per second on average, and a second's worth at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs: number;

  /** @param perSecond - above 0; `Infinity` lets everything through */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#capacity = Math.max(1, perSecond);
    this.#tokens = this.#capacity;
    this.#atMs = nowMs;
  }

  /** Whether one more may pass now. */
  has(nowMs: number): boolean {
    if (this.#perSecond === Infinity) return true;
    this.#tokens = Math.min(this.#capacity, this.#tokens + ((nowMs - this.#atMs) * this.#perSecond) / 1000);
    this.#atMs = nowMs;
    return this.#tokens >= 1;
  }

  /** One has passed. */
  take(): void {
    if (this.#perSecond !== Infinity) this.#tokens--;
  }
}
