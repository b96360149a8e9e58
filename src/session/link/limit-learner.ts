import { MIN_PACKET_BYTES, SAFE_PACKET_BYTES } from '../../protocol/limits.ts';

/** Why the limit changed. */
export type LimitCause = 'announced' | 'remembered' | 'grown' | '1009' | 'suspected' | 'refused';

/** What is worth remembering of a path, in bytes. A ceiling of 0 means that none is known. */
export interface PathLimit {
  readonly floor: number;
  readonly ceiling: number;
  /** The ceiling was never named by a 1009: it may have been bad luck, and is not to be trusted for long. */
  readonly provisional: boolean;
}

/** Points of failures in a row at or below the floor: two by 1009 (3 each) or three by anything else (2 each). */
const POINTS_TO_DOUBT_FLOOR = 6;
/**
 * Times that a packet of the smallest size was lost to a 1009, in a row. A peer whose own packets are refused brings
 * about some on its way down from 16 KiB.
 */
const TRIES_TO_GIVE_UP = 6;
/**
 * After so many times `retryBytes` a size that one 1009 spoke against is tried once more: the close may have been about
 * the other direction.
 */
const HARD_RETRIES = 8;

/** Failures in a row at or below the floor, with no success of the size between. */
interface Doubt {
  points: number;
  minBytes: number;
  maxBytes: number;
}

const rungBelow = (bytes: number): number => 2 ** Math.floor(Math.log2(bytes));
const rungAbove = (bytes: number): number => 2 ** Math.ceil(Math.log2(bytes));

/**
 * Finds the largest packet that a path carries, in one direction: packetization-layer path MTU discovery (RFC 8899)
 * with WebSocket messages for datagrams and a close for a loss.
 *
 * Sizes lie on a ladder of powers of two: a failure of `n` bytes counts for the rung at or above `n`, a success for
 * the rung at or below it. Invariant: `MIN_PACKET_BYTES <= floor <= limit < ceiling`, `limit <= cap`.
 *
 * Terms: `floor` is known to pass (or assumed to), `ceiling` is known or suspected to fail, `limit` is what packets may
 * measure now; while `limit` is above `floor`, one packet of that size at a time finds out.
 */
export class LimitLearner {
  /** Called after each change of the limit, in bytes. */
  onChange: (from: number, to: number, cause: LimitCause) => void = () => undefined;

  #cap: number;
  #floor: number;
  #limit: number;
  /** Rung that a 1009 named; tried again after `#untilHardRetryBytes` more, `Infinity` once that has failed. */
  #hardCeiling: number;
  #untilHardRetryBytes = Infinity;
  #hardRung = 0;
  /** Rung under suspicion; tried again after `#untilRetryBytes` more acknowledged bytes. */
  #softCeiling = Infinity;
  readonly #firstRetryBytes: number;
  #retryBytes: number;
  #untilRetryBytes = 0;
  #doubt: Doubt | undefined;
  #hopeless = 0;
  readonly #trail: number[];

  /**
   * @param capBytes - our own upper bound
   * @param startBytes - first size to try, `floor` if smaller
   * @param retryBytes - what must be acknowledged before a suspicion is tried again. Not the same on both sides: a close
   *   that one of them brings about should find the other at rest
   */
  constructor(capBytes: number, startBytes: number, remembered: PathLimit | undefined, retryBytes: number) {
    this.#firstRetryBytes = this.#retryBytes = retryBytes;
    this.#cap = rungBelow(capBytes);
    this.#floor = Math.min(this.#cap, rungBelow(Math.max(MIN_PACKET_BYTES, remembered?.floor || SAFE_PACKET_BYTES)));
    this.#hardCeiling = Infinity;
    if (remembered !== undefined && remembered.ceiling > 0) {
      const ceiling = Math.max(this.#floor * 2, rungAbove(remembered.ceiling));
      if (remembered.provisional) this.#suspect(ceiling);
      else this.#hardCeiling = ceiling;
    }
    const start = remembered === undefined ? rungBelow(Math.max(MIN_PACKET_BYTES, startBytes)) : this.#floor;
    this.#limit = Math.min(this.#cap, start);
    this.#floor = Math.min(this.#floor, this.#limit);
    // An array that grows from nothing takes room for 16 more.
    this.#trail = [this.#limit];
  }

  get limit(): number {
    return this.#limit;
  }

  get floor(): number {
    return this.#floor;
  }

  /** Smallest size known or suspected to fail, `Infinity` if none. */
  get ceiling(): number {
    return Math.min(this.#hardCeiling, this.#softCeiling);
  }

  /** Every limit so far, oldest first (the latest 32). */
  get trail(): readonly number[] {
    return this.#trail;
  }

  get memory(): PathLimit {
    const ceiling = this.ceiling;
    return {
      floor: this.#floor,
      // A hint can name one that, rounded up, no integer of the protocol can say.
      ceiling: ceiling > Number.MAX_SAFE_INTEGER ? 0 : ceiling,
      provisional: this.#softCeiling < this.#hardCeiling,
    };
  }

  /** The peer (or we ourselves) take packets of at most `bytes`. */
  setCap(bytes: number): void {
    this.#cap = rungBelow(bytes);
    this.#floor = Math.min(this.#floor, this.#cap);
    if (this.#limit > this.#cap) this.#moveTo(this.#cap, 'announced');
  }

  /** The peer says itself that it refused a packet, and takes at most `bytes`: outranks all guessing. */
  refused(bytes: number): void {
    const rung = Math.min(rungBelow(bytes), this.#cap);
    this.#hardCeiling = Math.min(this.#hardCeiling, rung * 2);
    this.#floor = Math.min(this.#floor, rung);
    // It said what it takes: no need to find out step by step, unless something else is in the way.
    const limit = Math.min(rung, this.ceiling / 2);
    if (this.#limit > limit || this.#limit === this.#floor) this.#moveTo(limit, 'refused');
  }

  /** A packet of `bytes` was acknowledged. */
  passed(bytes: number): void {
    const rung = Math.min(this.#cap, rungBelow(bytes));
    if (rung > this.#floor) {
      this.#floor = rung;
      // A path that carries more than it was known to has disproved what spoke against it.
      this.#retryBytes = this.#firstRetryBytes;
      if (rung >= this.#softCeiling) this.#softCeiling = Infinity;
      if (rung >= this.#hardCeiling) this.#hardCeiling = Infinity;
      if (this.#limit < rung) this.#moveTo(rung, 'grown');
    }
    if (this.#doubt !== undefined && bytes >= this.#doubt.minBytes) this.#doubt = undefined;
    if (bytes >= MIN_PACKET_BYTES) this.#hopeless = 0;
  }

  /** Stream bytes were acknowledged, so the path is alive: a suspicion is given another try in time. */
  acked(bytes: number): void {
    if (this.#softCeiling < Infinity && (this.#untilRetryBytes -= bytes) <= 0) this.#softCeiling = Infinity;
    if (this.#hardCeiling < Infinity && (this.#untilHardRetryBytes -= bytes) <= 0) this.#hardCeiling = Infinity;
  }

  /** There is more to send than fits a packet: tries the next size up, if one is left below the ceiling. */
  grow(): void {
    const next = this.#limit * 2;
    if (this.#limit === this.#floor && next <= this.#cap && next < this.ceiling) this.#moveTo(next, 'grown');
  }

  /**
   * The connection was lost and a packet of `bytes` is the first one above the floor (or, with none above it, the
   * largest) that the peer did not process.
   *
   * @returns true when the path refuses even the smallest packet: there is nothing left to try
   */
  failed(bytes: number, is1009: boolean): boolean {
    if (bytes < MIN_PACKET_BYTES) return false;
    const rung = rungAbove(bytes);
    const cause = is1009 ? '1009' : 'suspected';
    if (bytes > this.#floor) {
      if (is1009) {
        this.#hardCeiling = Math.min(this.#hardCeiling, rung);
        this.#untilHardRetryBytes = rung === this.#hardRung ? Infinity : HARD_RETRIES * this.#firstRetryBytes;
        this.#hardRung = rung;
      } else this.#suspect(rung);
      this.#moveTo(this.#floor, cause);
      return false;
    }
    // The size has passed before, and the close may be about the other direction: one alone proves nothing.
    const doubt = (this.#doubt ??= { points: 0, minBytes: Infinity, maxBytes: 0 });
    doubt.points += is1009 ? 3 : 2;
    doubt.minBytes = Math.min(doubt.minBytes, bytes);
    doubt.maxBytes = Math.max(doubt.maxBytes, bytes);
    if (is1009 && rung <= MIN_PACKET_BYTES && ++this.#hopeless === TRIES_TO_GIVE_UP) return true;
    const top = rungAbove(doubt.maxBytes);
    if (doubt.points < POINTS_TO_DOUBT_FLOOR || top <= MIN_PACKET_BYTES) return false;
    this.#doubt = undefined;
    this.#suspect(top);
    this.#floor = Math.min(this.#floor, top > SAFE_PACKET_BYTES ? SAFE_PACKET_BYTES : top / 2);
    this.#moveTo(this.#floor, cause);
    return false;
  }

  #suspect(rung: number): void {
    this.#softCeiling = Math.min(this.#softCeiling, rung);
    this.#untilRetryBytes = this.#retryBytes;
    this.#retryBytes *= 2;
  }

  #moveTo(limit: number, cause: LimitCause): void {
    const from = this.#limit;
    if (limit === from) return;
    this.#limit = limit;
    this.#trail.push(limit);
    if (this.#trail.length > 32) this.#trail.shift();
    this.onChange(from, limit, cause);
  }
}
