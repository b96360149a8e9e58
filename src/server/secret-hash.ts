import { encodeText } from '../protocol/text.ts';
import { nodeModule } from './node-module.ts';

/** What is kept of a session's secret: its SHA-256; in a page, where there is none to be had at once, its bytes. */
export class SecretHash {
  readonly #hash: Uint8Array;

  constructor(secret: string) {
    this.#hash = hash(secret);
  }

  /** Compares in constant time, on Node. */
  matches(secret: string): boolean {
    const other = hash(secret);
    return nodeModule('node:crypto')?.timingSafeEqual(this.#hash, other) ?? String(this.#hash) === String(other);
  }
}

function hash(secret: string): Uint8Array {
  return nodeModule('node:crypto')?.createHash('sha256').update(secret).digest() ?? encodeText(secret);
}
