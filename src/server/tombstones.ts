import type { SecretHash } from './secret-hash.ts';

/** What is left of a session that is over, to answer an initiator that comes back for it. */
export interface Tombstone {
  readonly secret: SecretHash;
  readonly identity: string;
  /** Number of the session's last connection. */
  readonly connection: number;
  /** Bytes of the initiator's stream that were taken. */
  readonly received: number;
  /** Set where the session was ended, not forgotten: code and reason of that end. */
  readonly close: { readonly code: number; readonly reason: string } | undefined;
}

/** Keeps tombstones for a time, and no more than so many: the oldest goes first. */
export class Tombstones {
  readonly #maxCount: number;
  readonly #keepMs: number;
  /** All live equally long, so the order of insertion is the order of expiry. */
  readonly #byId = new Map<string, { tombstone: Tombstone; untilMs: number }>();

  constructor(maxCount: number, keepMs: number) {
    this.#maxCount = maxCount;
    this.#keepMs = keepMs;
  }

  get count(): number {
    return this.#byId.size;
  }

  add(id: string, tombstone: Tombstone, nowMs: number): void {
    this.#byId.delete(id);
    this.#byId.set(id, { tombstone, untilMs: nowMs + this.#keepMs });
    this.#trim(nowMs);
  }

  get(id: string, nowMs: number): Tombstone | undefined {
    this.#trim(nowMs);
    return this.#byId.get(id)?.tombstone;
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  #trim(nowMs: number): void {
    for (const [id, { untilMs }] of this.#byId) {
      if (untilMs > nowMs && this.#byId.size <= this.#maxCount) return;
      this.#byId.delete(id);
    }
  }
}
