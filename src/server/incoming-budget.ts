import type { AcceptedSession } from './accepted-session.ts';

/**
 * Bounds what all sessions together hold of incoming messages.
 *
 * Each session is asked when more has come on it, so what is known of the others may be too much, never too little: before
 * anybody is given up, all are asked. An eighth is freed then, so that this is seldom.
 */
export class IncomingBudget {
  readonly #maxBytes: number;
  /** What each session was last seen to hold. */
  readonly #held = new Map<AcceptedSession, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What all hold, in bytes. */
  count(): number {
    for (const session of this.#held.keys()) this.#see(session);
    return this.#bytes;
  }

  /** More has come on the session. May end it, or others. */
  grew(session: AcceptedSession): void {
    this.#see(session);
    if (this.#bytes <= this.#maxBytes) return;
    if (this.count() <= this.#maxBytes) return;
    const enoughBytes = this.#maxBytes - this.#maxBytes / 8;
    const largestFirst = [...this.#held].sort(([, a], [, b]) => b - a);
    for (const [largest] of largestFirst) {
      largest.overflow();
      if (this.#bytes <= enoughBytes) return;
    }
  }

  /** The session is over. */
  remove(session: AcceptedSession): void {
    this.#bytes -= this.#held.get(session) ?? 0;
    this.#held.delete(session);
  }

  #see(session: AcceptedSession): void {
    const before = this.#held.get(session) ?? 0;
    const bytes = session.incomingBytes;
    this.#bytes += bytes - before;
    if (bytes > 0) this.#held.set(session, bytes);
    else this.#held.delete(session);
  }
}
