import { encodeText } from '../protocol/text.ts';
import { nodeModule } from './node-module.ts';

/** What is kept of a session's secret: its SHA-256; in a page, where there is none to be had at once, the secret. */
export class SecretHash {
  /** A string takes a fifth of the memory of as many bytes. */
  readonly #hash: string;

  constructor(secret: string) {
    this.#hash = hash(secret);
  }

  /** Compares in constant time, on Node. */
  matches(secret: string): boolean {
    const other = hash(secret);
    const crypto = nodeModule('node:crypto');
    return crypto?.timingSafeEqual(encodeText(this.#hash), encodeText(other)) ?? this.#hash === other;
  }
}

function hash(secret: string): string {
  return nodeModule('node:crypto')?.createHash('sha256').update(secret).digest('base64') ?? secret;
}
