import type { AcceptedSession } from './accepted-session.ts';

const MIN_ENDED = 64;

/**
 * Bounds what all sessions together hold of incoming messages.
 *
 * Each session is asked when more has come on it, so what is known of the others may be too much, never too little: before
 * anybody is given up, all are asked. An eighth is freed then, so that this is seldom: first of what is left of sessions
 * that are over, then of those that hold most.
 */
export class IncomingBudget {
  readonly #maxBytes: number;
  /** What each session was last seen to hold. */
  readonly #held = new Map<AcceptedSession, number>();
  #bytes = 0;
  /** Sessions that are over and of which the application has not taken all, oldest first, as long as it has them. */
  #ended: WeakRef<AcceptedSession>[] = [];
  #endedBytes = 0;
  /** Length of {@link #ended} at which it is looked through. */
  #enough = MIN_ENDED;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What all hold, in bytes. */
  count(): number {
    for (const session of this.#held.keys()) this.#see(session);
    this.#endedBytes = 0;
    this.#ended = this.#ended.filter((ref) => {
      const bytes = ref.deref()?.incomingBytes ?? 0;
      this.#endedBytes += bytes;
      return bytes > 0;
    });
    this.#enough = Math.max(MIN_ENDED, 2 * this.#ended.length);
    return this.#sum;
  }

  /** More has come on the session. May end it, or others. */
  grew(session: AcceptedSession): void {
    this.#see(session);
    if (this.#sum <= this.#maxBytes) return;
    if (this.count() <= this.#maxBytes) return;
    const enoughBytes = this.#maxBytes - this.#maxBytes / 8;
    for (const ref of this.#ended) {
      const ended = ref.deref();
      const bytes = ended?.incomingBytes ?? 0;
      ended?.overflow();
      this.#endedBytes -= bytes - (ended?.incomingBytes ?? 0);
      if (this.#sum <= enoughBytes) return;
    }
    const largestFirst = [...this.#held].sort(([, a], [, b]) => b - a);
    for (const [largest] of largestFirst) {
      largest.overflow();
      if (this.#sum <= enoughBytes) return;
    }
  }

  /** The session is over; what it has whole the application may still take. */
  ended(session: AcceptedSession): void {
    this.#bytes -= this.#held.get(session) ?? 0;
    this.#held.delete(session);
    const bytes = session.incomingBytes;
    if (bytes === 0) return;
    this.#ended.push(new WeakRef(session));
    this.#endedBytes += bytes;
    if (this.#ended.length > this.#enough) this.count();
  }

  get #sum(): number {
    return this.#bytes + this.#endedBytes;
  }

  #see(session: AcceptedSession): void {
    const before = this.#held.get(session) ?? 0;
    const bytes = session.incomingBytes;
    this.#bytes += bytes - before;
    if (bytes > 0) this.#held.set(session, bytes);
    else this.#held.delete(session);
  }
}
