const CHECK_MS = 1000;
const STALL_MS = 10_000;
/** However slow the path seems to be. */
const MAX_STALL_MS = 60_000;
/** So many late checks in a row without a sign of life stand for a stall: a hidden page checks once a minute. */
const MAX_LATE = 3;

/** What the watch wants done. */
export type StallVerdict = 'fine' | 'probe' | 'stalled';

/** What the watch needs to know of the link at a check. */
export interface StallFacts {
  /** Bytes sent on this connection and not acknowledged. */
  readonly inFlightBytes: number;
  /** Bytes that the transport still holds. */
  readonly bufferedBytes: number;
  /** Delivery rate in bytes per ms, 0 while unknown. */
  readonly rate: number;
}

/**
 * Notices that nothing gets through any more: bytes stay unacknowledged, or a probe stays unanswered, for
 * max(10 s, 4 x in flight / rate), the latter at most 60 s.
 *
 * Time is counted in checks of one interval each, since a machine that slept fires its timers before it hands out the
 * messages that arrived meanwhile: a late check restarts the count and probes instead of judging by the clock. Only when
 * nothing at all is heard from one late check to the next, and again, it is a stall.
 * The transport's buffer running down is progress. Waiting for credit is not a stall: then nothing is in flight.
 */
export class StallWatch {
  readonly #heartbeatMs: number;
  #nextCheckAtMs = Infinity;
  #ackStallMs = 0;
  #quietMs = 0;
  /** Time since a probe without an answer, NaN while there is none. */
  #probedMs = NaN;
  #bufferedBytes = 0;
  #lateCount = 0;

  /** @param heartbeatMs - silence after which to probe; 0 for never */
  constructor(heartbeatMs: number) {
    this.#heartbeatMs = heartbeatMs || Infinity;
  }

  /** When {@link check} is due, in ms of the caller's clock. */
  get deadlineMs(): number {
    return this.#nextCheckAtMs;
  }

  /** A connection is up: counts from now. */
  start(nowMs: number): void {
    this.#ackStallMs = this.#bufferedBytes = 0;
    this.heard();
    this.#nextCheckAtMs = nowMs + CHECK_MS;
  }

  stop(): void {
    this.#nextCheckAtMs = Infinity;
  }

  /** Anything came in. */
  heard(): void {
    this.#quietMs = this.#lateCount = 0;
    this.#probedMs = NaN;
  }

  /** The peer acknowledged something new. */
  advanced(): void {
    this.#ackStallMs = 0;
  }

  check(nowMs: number, { inFlightBytes, bufferedBytes, rate }: StallFacts): StallVerdict {
    if (nowMs < this.#nextCheckAtMs) return 'fine';
    const isLate = nowMs > this.#nextCheckAtMs + CHECK_MS;
    this.#nextCheckAtMs = nowMs + CHECK_MS;
    if (bufferedBytes < this.#bufferedBytes) {
      this.heard();
      this.advanced();
    }
    this.#bufferedBytes = bufferedBytes;
    if (isLate) {
      this.#ackStallMs = this.#probedMs = 0;
      return ++this.#lateCount > MAX_LATE ? 'stalled' : 'probe';
    }
    this.#quietMs += CHECK_MS;
    this.#probedMs += CHECK_MS;
    this.#ackStallMs = inFlightBytes > 0 ? this.#ackStallMs + CHECK_MS : 0;
    const patienceMs = Math.max(STALL_MS, rate === 0 ? 0 : Math.min(MAX_STALL_MS, (4 * inFlightBytes) / rate));
    if (this.#ackStallMs >= patienceMs || this.#probedMs >= patienceMs) return 'stalled';
    if (this.#quietMs < this.#heartbeatMs) return 'fine';
    if (Number.isNaN(this.#probedMs)) this.#probedMs = 0;
    return 'probe';
  }
}
