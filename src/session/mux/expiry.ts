import type { OutgoingMessage } from './outgoing-message.ts';

/** The messages that become stale when they are not begun in time. */
export class Expiry {
  /** When the first of them does, in ms; may be too early. */
  atMs: number = Infinity;
  /** Made for the first. */
  #messages: Set<OutgoingMessage> | undefined;

  add(message: OutgoingMessage): void {
    const { expiresAtMs } = message.init;
    // One that is sent again has been begun.
    if (expiresAtMs === undefined || message.origin !== undefined) return;
    (this.#messages ??= new Set()).add(message);
    this.atMs = Math.min(this.atMs, expiresAtMs);
  }

  delete(message: OutgoingMessage): void {
    this.#messages?.delete(message);
  }

  /** Those that are stale now. */
  take(nowMs: number): OutgoingMessage[] {
    if (nowMs < this.atMs || this.#messages === undefined) return [];
    const waiting = [...this.#messages].filter(({ state }) => state === 'queued');
    const isStale = ({ init: { expiresAtMs = Infinity } }: OutgoingMessage): boolean => nowMs >= expiresAtMs;
    const stale = waiting.filter(isStale);
    this.#messages.clear();
    this.atMs = Infinity;
    for (const message of waiting) if (!isStale(message)) this.add(message);
    return stale;
  }
}
