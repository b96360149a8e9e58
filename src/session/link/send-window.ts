import { maxWindowBytes, queueTargetMs, startWindowBytes } from '../../protocol/link-defaults.ts';
import { Queue } from '../queue.ts';

/** Four packets of the smallest size that pays. */
const MIN_WINDOW_BYTES = 4096;
/** Smaller ones cost more than they save: this is 8 ms at 1 Mbit/s. */
const MIN_PACKET_BYTES = 1024;
/** A packet holds no more than the path carries in this time, and is acknowledged about as often. */
const PACKET_MS = 4;
/** While nobody else waits, packets and queue may be so much longer: each packet costs both sides about 0.3 ms. */
const ALONE_FACTOR = 3;
/** A longer queue gains nothing, and has to be sent again when the connection is lost. */
const MAX_QUEUE_BYTES = 524_288;
/** So long after the last time that several channels had something to send, it is likely to come again. */
const SHARED_MS = 5000;
/** A shorter round says little on a clock that browsers coarsen to 1 ms. */
const MIN_ROUND_MS = 10;
/** A short path varies less. */
const MIN_TARGET_MS = 2;
const PROBE_EVERY_MS = 10_000;
/** Rates of less time are more about when acknowledgements came than about the path. */
const MIN_RATE_MS = 500;
/** For a rate that is far above what is known, this is enough: it is not about bursts. */
const MIN_JUMP_MS = 100;
const JUMP_FACTOR = 4;
/** A window of few packets has larger ones, if the path carries them in their time. */
const MIN_WINDOW_PACKET_BYTES = 16_384;
/** Without a sample for so long, the next packet is one; with nothing under way, all starts anew. */
const IDLE_MS = 1000;

/** A packet that was flagged, so that its acknowledgement tells the round trip. */
interface Sample {
  readonly end: number;
  /** What was under way with it. */
  readonly flightBytes: number;
  /** When it was sent; once it is acknowledged, how long that took. */
  ms: number;
}

/**
 * How much may be under way unacknowledged: what fills the path, and a queue of up to `queueTargetMs` on top, so that the
 * path never runs dry and small messages hardly wait; three times that queue while one channel alone sends, and nobody
 * waits.
 *
 * Ruled by delay, as FAST TCP is (Wei, Jin, Low and Hegde 2006): once per round trip the window goes halfway to
 * `window * base / rtt + rate * target`, whose fixed point is a round trip of `base + target`. The second term does not
 * fall with the window: with `window * target / rtt` in its place, a delay that is not ours, and does not fall when we
 * send less, would bring the window down to nothing. The round trip of a round is the least one in it (the MIN filter of
 * RFC 6817, 2.4.2): bursts and jitter pass, a queue stands.
 *
 * `base` must not learn our own queue. So every 10 s the window shrinks to half of what fills the path, and the round
 * trips from then on, until the window is back, make a new base (ProbeRTT of draft-ietf-ccwg-bbr, the slowdowns of
 * draft-irtf-iccrg-ledbat-plus-plus). In between it stands still: one that could fall would take the one lucky packet
 * for the path. Where both sides send, each finds the other's queue in its round trips, and takes it for the path unless
 * both let go at once: so both count the 10 s from the start of the connection.
 */
export class SendWindow {
  bytes: number = startWindowBytes;
  /** Smoothed round trip in ms (RFC 6298 weights), 0 while unknown. */
  rttMs = 0;
  /** The window has stopped us in this round: only then the round is about the window, and not about the application. */
  isBusy = false;
  /** Bytes of the peer's stream that came since the rate was last measured. */
  takenBytes = 0;
  /** When the connection started. */
  startedAtMs: number | undefined;
  #acked: number;
  // Rate: the best of the current and of the last 10 s.
  #best = 0;
  #bestBefore = 0;
  /** Of single rounds of the first slow start: all there is until a rate was measured. */
  #guess = 0;
  #rateFrom = 0;
  #rateAtMs = 0;
  /** It began with nothing under way: a burst that is over too soon says too little, never too much. */
  #isFromEmpty = false;
  /** The peer sends, too. */
  #isCrossed = false;
  // Round trip
  readonly #flagged = new Queue<Sample>();
  #unflaggedBytes = 0;
  #sampledAtMs = -Infinity;
  #baseMs = Infinity;
  // A round lasts until all that was under way at its start is acknowledged.
  #roundEnd = 0;
  #roundAtMs = 0;
  #least: Sample | undefined;
  // Window
  /** It grows up to `#highBytes`, half as fast as TCP's: at first, after a probe, and after idle time. */
  #isSlow = true;
  /** Where slow start ends; after that, the largest window since the last probe. */
  #highBytes = Infinity;
  /** Rounds in a row with room left. */
  #lowCount = 0;
  /** A probe has begun, and shrinks the window to this. */
  #drainTo = 0;
  #probeCount = 0;
  // Whether small messages may wait
  #isShared = false;
  #sharedAtMs = -Infinity;

  /** @param acked - what the peer has of our stream */
  constructor(acked: number) {
    this.#acked = acked;
  }

  /** Best delivery rate of the last 10 to 20 s in bytes per ms, 0 while unknown. */
  get rate(): number {
    return Math.max(this.#best, this.#bestBefore) || this.#guess;
  }

  /** The largest packet that does not hold up a small message behind it, nor takes much of the window. */
  get packetBytes(): number {
    const [ms, windowPart] = this.#isShared ? [PACKET_MS, 8] : [PACKET_MS * ALONE_FACTOR, 2];
    const bytes = Math.floor(Math.min(this.rate * ms, Math.max(this.bytes / windowPart, MIN_WINDOW_PACKET_BYTES)));
    return this.rate === 0 ? Infinity : Math.max(MIN_PACKET_BYTES, bytes);
  }

  /** Whether several channels have something to send: one of them waits for what was sent of another. */
  share(isShared: boolean, nowMs: number): void {
    if (isShared) this.#sharedAtMs = nowMs;
    this.#isShared = nowMs - this.#sharedAtMs < SHARED_MS;
  }

  /**
   * A packet with a slice goes out.
   *
   * @param end - where its slice ends in the stream
   * @param flightBytes - what is under way, this one included
   * @param isLast - nothing may follow it
   * @returns whether to ask for an acknowledgement at once
   */
  sent(end: number, packetBytes: number, flightBytes: number, nowMs: number, isLast: boolean): boolean {
    if (flightBytes <= packetBytes) {
      // Nothing else is under way. What was measured long ago is a hint of where to go, no more.
      if (nowMs - this.#sampledAtMs > IDLE_MS) {
        if (!this.#isSlow) this.#highBytes = this.bytes;
        this.#isSlow = true;
        this.bytes = Math.min(this.bytes, startWindowBytes);
        this.#baseMs = Infinity;
        this.#drainTo = 0;
        this.#isProbeDue(nowMs);
      }
      this.#startRound(end, nowMs);
      this.#startRate(nowMs, true);
    }
    this.#unflaggedBytes += packetBytes;
    const flag =
      isLast ||
      this.#unflaggedBytes >= Math.min(this.bytes / 4, this.packetBytes) ||
      (this.#flagged.length === 0 && nowMs - this.#sampledAtMs >= IDLE_MS);
    if (flag) {
      this.#unflaggedBytes = 0;
      this.#flagged.push({ end, flightBytes, ms: nowMs });
    }
    return flag;
  }

  /** The peer has our stream up to `ack`, of which `sent` was sent. */
  acked(ack: number, sent: number, nowMs: number): void {
    const freshBytes = ack - this.#acked;
    this.#acked = ack;
    for (let sample = this.#flagged.peek(); sample !== undefined && sample.end <= ack; sample = this.#flagged.peek()) {
      this.#flagged.shift();
      this.#sampledAtMs = nowMs;
      sample.ms = Math.max(0.5, nowMs - sample.ms);
      if (this.#least === undefined || sample.ms < this.#least.ms) this.#least = sample;
    }
    if (this.#drainTo > 0) this.#drain(freshBytes, sent, nowMs);
    const least = this.#least;
    if (least !== undefined) {
      // Growing twice as fast, we would have three times what fills the path in its queue before we see it.
      if (this.isBusy && this.#isSlow) this.bytes = Math.min(this.#highBytes, this.bytes + freshBytes / 2);
      if (this.bytes === this.#highBytes) this.#isSlow = false;
      if (ack >= this.#roundEnd && (ack === sent || nowMs - this.#roundAtMs >= MIN_ROUND_MS)) {
        this.#finishRound(least, nowMs);
        this.#startRound(sent, nowMs);
      }
    }
    this.bytes = Math.max(MIN_WINDOW_BYTES, Math.min(this.bytes, maxWindowBytes));
  }

  /** One packet goes out for two that arrived, so that small messages need not wait for the window to open. */
  #drain(freshBytes: number, sent: number, nowMs: number): void {
    this.#least = undefined;
    if (sent - this.#acked > this.bytes) return;
    this.bytes -= freshBytes / 2;
    if (this.bytes > this.#drainTo) return;
    this.bytes = this.#drainTo;
    this.#drainTo = 0;
    this.#baseMs = Infinity;
    this.#isSlow = true;
    // What is under way was sent with more before it.
    this.#flagged.clear();
    this.#startRound(sent, nowMs);
  }

  #startRound(end: number, nowMs: number): void {
    this.#roundEnd = end;
    this.#roundAtMs = nowMs;
    this.#least = undefined;
    this.isBusy = false;
  }

  #startRate(nowMs: number, isFromEmpty: boolean): void {
    this.#isFromEmpty = isFromEmpty;
    this.#rateFrom = this.#acked;
    this.#rateAtMs = nowMs;
    this.takenBytes = 0;
  }

  #isProbeDue(nowMs: number): boolean {
    const before = this.#probeCount;
    this.#probeCount = Math.floor((nowMs - (this.startedAtMs ??= nowMs)) / PROBE_EVERY_MS);
    return this.#probeCount !== before;
  }

  #finishRound({ ms, flightBytes }: Sample, nowMs: number): void {
    const { isBusy } = this;
    const bytes = this.#acked - this.#rateFrom;
    const rateMs = nowMs - this.#rateAtMs;
    const isFirst = this.#highBytes === Infinity;
    const isJump = rateMs >= MIN_JUMP_MS && bytes > this.rate * rateMs * JUMP_FACTOR;
    if (rateMs >= (this.#isFromEmpty ? MIN_ROUND_MS : MIN_RATE_MS) || isJump || isFirst) {
      const rate = bytes / Math.max(ms, rateMs);
      // Then acknowledgements wait in the peer's own queue, and behind its packets.
      this.#isCrossed = this.takenBytes * 8 > bytes;
      if (isFirst) this.#guess = Math.max(this.#guess, isBusy ? rate : 0);
      else if (isBusy || (this.rate > 0 && rate > this.rate)) this.#best = Math.max(this.#best, rate);
      this.#startRate(nowMs, false);
    }
    const isCrossed = this.#isCrossed;
    const shortTargetMs = MIN_TARGET_MS + this.#baseMs / 4;
    const aloneMs = Math.min(queueTargetMs * ALONE_FACTOR, MAX_QUEUE_BYTES / this.rate);
    // Jitter must not end the first growth: what it leaves is drained at once.
    const sharedMs = isCrossed || isFirst ? queueTargetMs * 2 : Math.min(queueTargetMs, shortTargetMs);
    const targetMs = this.#isShared ? sharedMs : Math.max(sharedMs, aloneMs);
    const isDue = this.#isProbeDue(nowMs);

    this.rttMs += (ms - this.rttMs) / (this.rttMs === 0 ? 1 : 8);
    if (isDue && this.#best > 0) {
      this.#bestBefore = this.#best;
      this.#best = 0;
    }
    if (this.#highBytes === Infinity || this.#baseMs === Infinity) this.#baseMs = Math.min(this.#baseMs, ms);
    else if (this.#isSlow || (!isBusy && flightBytes * 4 < this.bytes))
      this.#baseMs += (ms - this.#baseMs) * (ms < this.#baseMs ? 0.5 : 0.25);
    const baseMs = this.#baseMs;
    const queueMs = ms - baseMs;
    const isLow = queueMs < targetMs / 2;
    // The first packets of a burst tell little about the window.
    const isHigh = !isLow && flightBytes * 3 > this.bytes;
    if (!isBusy) return;
    // Where there is a long queue, the path has become as slow as this.
    const rate = isHigh ? Math.min(this.rate, flightBytes / ms) : this.rate;
    if (queueMs > targetMs * 3) this.#best = this.#bestBefore = (this.rate + rate) / 2;
    const next = ((isHigh ? flightBytes : this.bytes) * baseMs) / ms + this.rate * targetMs;
    let isProbe = isDue && this.#highBytes < Infinity;
    if (this.#isSlow) {
      if (isHigh) {
        this.#isSlow = false;
        isProbe = this.#highBytes === Infinity;
        this.bytes = this.#highBytes = next;
      }
    } else {
      // The path may have become much faster: the longer there is room, the larger the steps, up to a half.
      this.#lowCount = isLow ? Math.min(this.#lowCount + 1, 8) : 0;
      this.bytes = Math.max((this.bytes + next) / 2, isLow ? this.bytes * (1 + this.#lowCount / 16) : 0);
      this.#highBytes = Math.max(this.#highBytes, this.bytes);
      // It does not help to send less: perhaps the path has become longer.
      if (this.bytes * 2 < this.#highBytes && !isCrossed) isProbe = true;
    }
    if (!isProbe) return;
    this.#highBytes = Math.min(this.bytes, maxWindowBytes);
    this.bytes = Math.min(this.bytes, rate * (baseMs + targetMs));
    this.#drainTo = Math.max(MIN_WINDOW_BYTES, (rate * baseMs) / 2);
  }
}
