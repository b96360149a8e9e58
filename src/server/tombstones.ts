import type { SecretHash } from './secret-hash.ts';

/** Whose a session id is, where there is no session. */
export interface Owner {
  readonly secret: SecretHash;
  readonly identity: string;
  /** Number of the last connection that named it. */
  readonly connection: number;
}

/** What is left of a session that is over, to answer an initiator that comes back for it. */
export interface Tombstone extends Owner {
  /** Bytes of the initiator's stream that were taken. */
  readonly received: number;
  /** Set where the session was ended, not forgotten: code and reason of that end. */
  readonly close: { readonly code: number; readonly reason: string } | undefined;
}

/** Keeps tombstones for a time, and no more than so many: the oldest goes first. */
export class Tombstones<Entry extends Owner = Tombstone> {
  readonly #maxCount: number;
  readonly #keepMs: number;
  /** All live equally long, so the order of insertion is the order of expiry. */
  readonly #byId = new Map<string, { tombstone: Entry; untilMs: number }>();

  constructor(maxCount: number, keepMs: number) {
    this.#maxCount = maxCount;
    this.#keepMs = keepMs;
  }

  get count(): number {
    return this.#byId.size;
  }

  add(id: string, tombstone: Entry, nowMs: number): void {
    this.#byId.delete(id);
    this.#byId.set(id, { tombstone, untilMs: nowMs + this.#keepMs });
    this.#trim(nowMs);
  }

  get(id: string, nowMs: number): Entry | undefined {
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
