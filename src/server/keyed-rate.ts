import { TokenBucket } from './token-bucket.ts';

/** A full bucket is as good as none. */
const FULL_AFTER_MS = 1000;

/**
 * A {@link TokenBucket} for each key. Holds those that something was taken from in the last second, and so no more than
 * the rate of all keys lets through.
 */
export class KeyedRate {
  readonly #perSecond: number;
  /** The one that was last taken from longest ago first. */
  readonly #buckets = new Map<string, { readonly bucket: TokenBucket; usedAtMs: number }>();

  /** @param perSecond - of each key, at least 1; `Infinity` lets everything through */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Keys that are not at rest. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether one more may pass now. Nobody's, without a key, always may. */
  has(key: string | undefined, nowMs: number): boolean {
    return key === undefined || (this.#buckets.get(key)?.bucket.has(nowMs) ?? true);
  }

  /** One has passed. */
  take(key: string | undefined, nowMs: number): void {
    this.#forget(nowMs);
    if (key === undefined || this.#perSecond === Infinity) return;
    const bucket = this.#buckets.get(key)?.bucket ?? new TokenBucket(this.#perSecond, nowMs);
    bucket.take();
    this.#buckets.delete(key);
    this.#buckets.set(key, { bucket, usedAtMs: nowMs });
  }

  #forget(nowMs: number): void {
    for (const [key, { usedAtMs }] of this.#buckets) {
      if (nowMs - usedAtMs < FULL_AFTER_MS) return;
      this.#buckets.delete(key);
    }
  }
}
