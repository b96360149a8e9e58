import type { AcceptedSession } from './accepted-session.ts';
import type { ResolvedOptions } from './options.ts';
import { Tally } from './tally.ts';

type StoreLimits = Pick<
  ResolvedOptions,
  | 'maxSessions'
  | 'maxSessionsPerIdentity'
  | 'maxSessionsPerAddress'
  | 'maxWaitingSessions'
  | 'maxWaitingBytes'
  | 'maxBufferedBytes'
>;

/**
 * All sessions that live, and which of them wait for a connection, within limits.
 *
 * Invariants: `waitingCount <= maxWaitingSessions` and `waitingBytes <= maxWaitingBytes` after each call; `waitingBytes`
 * is the sum of what the waiting sessions were last seen to hold. A stranger's session is never given up for another
 * one: room is made within the same identity, or not at all. Those without identity are strangers to each other.
 */
export class SessionStore {
  readonly #limits: StoreLimits;
  readonly #byId = new Map<string, AcceptedSession>();
  readonly #countByIdentity = new Tally();
  readonly #countByAddress = new Tally();
  /** Oldest first, with the bytes that each holds. */
  readonly #waiting = new Map<AcceptedSession, number>();
  readonly #waitingByIdentity = new Map<string, Set<AcceptedSession>>();
  #waitingBytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#byId.size;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get(id: string): AcceptedSession | undefined {
    return this.#byId.get(id);
  }

  /** A list of its own: sessions may come and go while it is walked. */
  all(): AcceptedSession[] {
    return [...this.#byId.values()];
  }

  /** Makes room for one more session of `identity` from `address`, or says why there is none. */
  makeRoom(identity: string, address: string | undefined): string | undefined {
    const { maxSessions, maxSessionsPerIdentity, maxSessionsPerAddress } = this.#limits;
    const { maxWaitingSessions, maxWaitingBytes } = this.#limits;
    const ofIdentity = this.#countByIdentity.of(identity);
    // Before anything is given up for it: strangers share an address.
    if (this.#countByAddress.of(address) >= maxSessionsPerAddress) return 'too many sessions of one address';
    if (identity !== '' && ofIdentity >= maxSessionsPerIdentity && !this.#evictOldest(identity)) {
      return 'too many sessions of one identity';
    }
    if (this.count >= maxSessions && !this.#evictOldest(identity)) return 'too many sessions';
    this.#recountIfFull();
    const isFull = this.waitingCount >= maxWaitingSessions || this.#waitingBytes >= maxWaitingBytes;
    // Where none may wait, none is in the way.
    if (isFull && this.waitingCount > 0 && !this.#evictOldest(identity)) return 'too many sessions waiting';
    return undefined;
  }

  add(session: AcceptedSession): void {
    const { id, identity, address } = session;
    this.#byId.set(id, session);
    this.#countByIdentity.add(identity);
    this.#countByAddress.add(address);
  }

  remove(session: AcceptedSession): void {
    const { id, identity, address } = session;
    if (this.#byId.get(id) !== session) return;
    this.#byId.delete(id);
    this.connected(session);
    this.#countByIdentity.remove(identity);
    this.#countByAddress.remove(address);
  }

  /** It has a connection again, or needs none any more. */
  connected(session: AcceptedSession): void {
    const bytes = this.#waiting.get(session);
    if (bytes === undefined) return;
    this.#waiting.delete(session);
    this.#waitingBytes -= bytes;
    const alike = this.#waitingByIdentity.get(session.identity);
    alike?.delete(session);
    if (alike?.size === 0) this.#waitingByIdentity.delete(session.identity);
  }

  /** It has lost its connection. */
  waits(session: AcceptedSession): void {
    const { identity } = session;
    this.#waiting.set(session, 0);
    const alike = this.#waitingByIdentity.get(identity);
    if (alike === undefined) this.#waitingByIdentity.set(identity, new Set([session]));
    else alike.add(session);
    this.grew(session);
  }

  /** It holds more than it did. */
  grew(session: AcceptedSession): void {
    this.#recount(session);
    this.#recountIfFull();
    const { maxWaitingSessions, maxWaitingBytes } = this.#limits;
    while (
      this.#waiting.has(session) &&
      (this.waitingCount > maxWaitingSessions || this.#waitingBytes > maxWaitingBytes)
    ) {
      if (!this.#evictOldest(session.identity)) session.evict('no room to wait for a resume');
    }
  }

  /** Bytes that the session may hold of outgoing messages: its own bound, and what is left for those that wait. */
  roomFor(session: AcceptedSession): number {
    const { maxBufferedBytes, maxWaitingBytes } = this.#limits;
    const bytes = this.#waiting.get(session);
    if (bytes === undefined) return maxBufferedBytes;
    return Math.min(maxBufferedBytes, bytes + Math.max(0, maxWaitingBytes - this.#waitingBytes));
  }

  #recount(session: AcceptedSession): void {
    const before = this.#waiting.get(session);
    if (before === undefined) return;
    const bytes = session.heldBytes;
    this.#waiting.set(session, bytes);
    this.#waitingBytes += bytes - before;
  }

  /** What was given up meanwhile is still counted: before anybody suffers for it, all are asked. */
  #recountIfFull(): void {
    if (this.#waitingBytes < this.#limits.maxWaitingBytes) return;
    for (const session of this.#waiting.keys()) this.#recount(session);
  }

  #evictOldest(identity: string): boolean {
    const [oldest] = identity === '' ? [] : (this.#waitingByIdentity.get(identity) ?? []);
    if (oldest === undefined) return false;
    oldest.evict('given up for another session of the same identity');
    return true;
  }
}
