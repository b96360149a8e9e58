import { createHash, timingSafeEqual } from 'node:crypto';

/** What is kept of a session's secret: its SHA-256. */
export class SecretHash {
  readonly #hash: Buffer;

  constructor(secret: string) {
    this.#hash = hash(secret);
  }

  /** Compares in constant time. */
  matches(secret: string): boolean {
    return timingSafeEqual(this.#hash, hash(secret));
  }
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
