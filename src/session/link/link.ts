import { MAX_EARLY_PACKET_BYTES } from '../../protocol/limits.ts';
import { ackDelayMs } from '../../protocol/link-defaults.ts';
import { encodeAck, streamHeaderBytes, writeStreamHeader } from '../../protocol/packet.ts';
import type { ViolationName } from '../../protocol/violation.ts';
import { Flight } from './flight.ts';
import type { LimitLearner } from './limit-learner.ts';
import type { LinkUser } from './link-user.ts';
import { SendTail } from './send-tail.ts';
import { SendWindow } from './send-window.ts';

/** What was received when something was put into our stream that the peer must read first, and where that ends. */
interface Barrier {
  readonly received: number;
  readonly until: number;
}

/** How a connection ended, as far as the link cares. */
export interface LinkLoss {
  readonly code: number;
}

export interface LinkCounters {
  sentBytes: number;
  sentPackets: number;
  resentBytes: number;
  receivedBytes: number;
  receivedPackets: number;
}

/** So far beyond the window control frames may go, that two sides never wait for each other's; a barrier twice as far. */
const EXEMPT_BYTES = 64 * 1024;

/**
 * One reliable byte stream in each direction, over connections that lose, cut and refuse (PROTOCOL.md, "The link").
 *
 * Knows no messages. Knows connections only as `attach` and `detach`: what is sent is whatever the peer has not
 * acknowledged, cut anew to the limit of the moment.
 *
 * Invariants: `tail.start <= sent <= tail.end`; every byte below `received` has been handed to the user once.
 */
export class Link {
  readonly learner: LimitLearner;
  readonly counters: LinkCounters = {
    sentBytes: 0,
    sentPackets: 0,
    resentBytes: 0,
    receivedBytes: 0,
    receivedPackets: 0,
  };
  /** Answer every packet in the task it came in: for documents whose timers are throttled. */
  isTimerThrottled = false;

  readonly #user: LinkUser;
  readonly #tail = new SendTail();
  #mode: 'detached' | 'early' | 'attached' = 'detached';

  // Sending
  #sent = 0;
  #ackedHere = 0;
  readonly #flight = new Flight();
  #window = new SendWindow(0);
  #isSuspicious = false;
  #loss: LinkLoss | undefined;

  // Receiving
  #received = 0;
  /** What the peer was told of it. */
  #announced = 0;
  /** Where our stream ends, as HELLO or WELCOME said it last. */
  #statedEnd = 0;
  #ackNow = false;
  #hasGap = false;
  #wasSpared = false;
  #ackDeadlineMs = Infinity;
  #probe = false;
  /** No count settles anything before we have read the peer's stream to here. */
  #settleGate = 0;
  #settled = 0;
  /** Packets that start before `until` in our stream announce no more than `received`. */
  #barrier: Barrier | undefined;
  /** The same until the peer has acknowledged our stream to `until`. */
  #unheard: Barrier | undefined;

  constructor(user: LinkUser, learner: LimitLearner) {
    this.#user = user;
    this.learner = learner;
  }

  /** Bytes of the peer's stream taken so far, in order. */
  get received(): number {
    return this.#received;
  }

  /** As {@link received}, less what the peer may call delivered only when it has read more than we know it has. */
  get lastReceived(): number {
    return this.#unheard?.received ?? this.#received;
  }

  /** Bytes of our stream written so far. */
  get streamEnd(): number {
    return this.#tail.end;
  }

  get acked(): number {
    return this.#tail.start;
  }

  get inFlightBytes(): number {
    return this.#mode === 'detached' ? 0 : this.#sent - this.#tail.start;
  }

  get windowBytes(): number {
    return this.#window.bytes;
  }

  /** What is known of the path: the smoothed round trip in ms and the best rate in bytes per ms, 0 while unknown. */
  get path(): { readonly rttMs: number; readonly rate: number } {
    return this.#window;
  }

  get isAttached(): boolean {
    return this.#mode === 'attached';
  }

  /** The peer knows how much of its stream we have, and all of ours that is written is settled. */
  get isQuiet(): boolean {
    return this.#announced === this.#received && this.#settled === this.#tail.end;
  }

  /** When a delayed ACK is due. */
  get deadlineMs(): number {
    return this.#mode === 'attached' ? this.#ackDeadlineMs : Infinity;
  }

  /** HELLO or WELCOME says how much was taken, and where our stream ends. */
  stated(streamEnd: number): void {
    this.#announced = this.#received;
    this.#statedEnd = streamEnd;
  }

  /** HELLO of the session's first connection went out: early data may follow it. */
  openEarly(): void {
    if (this.#mode === 'detached' && this.#tail.end === 0) this.#mode = 'early';
  }

  /** Says soon that we are there, also where there is nothing to send. */
  greet(): void {
    this.#ackNow = true;
  }

  /**
   * The peer has stated its counts: a new connection starts, or the one that carried early data goes on.
   *
   * @param received - how much of our stream the peer has
   * @param streamEnd - how much of its stream the peer has written
   * @param refusedBytes - the peer says that it refused a packet over so many bytes: nothing is left to guess if there was one
   */
  attach(
    received: number,
    streamEnd: number,
    refusedBytes: number | undefined,
  ): ViolationName | 'limit-too-small' | undefined {
    if (received < this.#tail.start || received > this.#tail.end) return 'received-regressed';
    const continues = this.#mode === 'early';
    this.#mode = 'attached';
    this.#settleGate = streamEnd;
    this.#ackNow = this.#probe = false;
    this.#ackDeadlineMs = Infinity;
    this.#announced = this.#received;
    // The counts just exchanged name the end of our stream, control frames included: they gate what they settle. Not
    // what was put in between stating ours and now.
    if (this.#barrier !== undefined && this.#barrier.until <= this.#statedEnd) this.#barrier = undefined;
    if (continues) return undefined;

    this.#window = new SendWindow(received);
    this.#flight.landed(received, this.learner);
    const isHopeless = this.#judgeLoss(refusedBytes ?? Infinity);
    this.#flight.clear();
    this.#counted(received);
    this.#sent = this.#ackedHere = received;
    return isHopeless ? 'limit-too-small' : undefined;
  }

  /**
   * The connection is gone, or about to be replaced: nothing of it counts any more.
   *
   * @returns whether the loss can teach something about the limit (so that it is worth coming back at once)
   */
  detach(loss: LinkLoss | undefined): boolean {
    const mode = this.#mode;
    this.#mode = 'detached';
    this.#ackDeadlineMs = Infinity;
    // Before WELCOME nothing points to a packet. What is known of an earlier connection stays until the next WELCOME.
    if (mode === 'early') this.#flight.clear();
    if (mode !== 'attached') return false;
    // What the path lost was the peer's: that says nothing of ours, but once. Where it loses both, neither would learn.
    const { isEmpty, hasAboveFloor } = this.#flight;
    this.#loss = this.#hasGap && !this.#wasSpared ? undefined : loss;
    [this.#wasSpared, this.#hasGap] = [this.#wasSpared || this.#hasGap, false];
    return this.#loss !== undefined && !isEmpty && (this.#loss.code === 1009 || hasAboveFloor);
  }

  /** A packet of the current connection. `gap`: the path has lost one before it, and the connection is of no use. */
  receive(
    packet: { ackNow: boolean; ack: number; offset: number; slice: Uint8Array },
    nowMs: number,
  ): ViolationName | 'gap' | undefined {
    const { slice } = packet;
    this.counters.receivedPackets++;
    if (slice.length > 0) {
      if (packet.offset > this.#received) {
        this.#hasGap = true;
        return 'gap';
      }
      if (packet.offset < this.#received) return 'offset-mismatch';
      this.counters.receivedBytes += slice.length;
      const violation = this.#user.take(slice);
      if (violation !== undefined) return violation;
      this.#received += slice.length;
      this.#window.takenBytes += slice.length;
      this.#ackDeadlineMs = Math.min(this.#ackDeadlineMs, nowMs + ackDelayMs);
    }
    if (packet.ackNow || (this.isTimerThrottled && slice.length > 0)) this.#ackNow = true;
    // The acknowledgement applies after the slice: a REJECT in the slice comes before the count that would deny it.
    return this.#takeAck(packet.ack, nowMs);
  }

  /** Time has passed in which nothing was under way, perhaps. */
  rest(): void {
    if (this.inFlightBytes === 0) this.#tail.rest();
  }

  /** Asks the peer for an ACK even though there is nothing to send. */
  probe(): void {
    this.#probe = true;
  }

  /**
   * A control frame that must not be overtaken by our count was put into the stream, whose control part now ends
   * `pendingBytes` behind what is written.
   */
  raiseBarrier(pendingBytes: number): void {
    // Not what was taken by now: the frame may be about the very packet that was taken last.
    const received = this.#announced;
    const until = this.#tail.end + pendingBytes;
    this.#barrier = { received: this.#barrier?.received ?? received, until };
    this.#unheard = { received: this.#unheard?.received ?? received, until };
  }

  /** The next packet to write, if there is anything to say and room for it. Call until it returns undefined. */
  nextPacket(nowMs: number): Uint8Array | undefined {
    if (this.#mode === 'detached') return undefined;
    this.#window.startedAtMs ??= nowMs;
    const packet = this.#nextSlice(nowMs) ?? this.#nextAck(nowMs);
    if (packet !== undefined) {
      this.counters.sentPackets++;
      this.counters.sentBytes += packet.length;
    }
    return packet;
  }

  #nextSlice(nowMs: number): Uint8Array | undefined {
    const offset = this.#sent;
    const isEarly = this.#mode === 'early';
    this.#window.share(this.#user.isShared, nowMs);
    const isOpen = this.#isWindowOpen();
    const ack = this.#ackToSend();
    const headerBytes = streamHeaderBytes(ack, offset);
    const room = this.#packetBytes() - headerBytes;
    const waiting = this.#tail.end - offset;
    if (this.inFlightBytes >= this.#window.bytes) this.#window.isBusy = true;
    let packet: Uint8Array;
    let end: number;
    if (waiting > 0) {
      if (!isOpen) return undefined;
      end = headerBytes + Math.min(room, waiting);
      packet = new Uint8Array(end);
      this.#tail.copy(offset, end - headerBytes, packet, headerBytes);
      this.counters.resentBytes += end - headerBytes;
    } else {
      if (!isOpen && this.inFlightBytes >= this.#window.bytes + EXEMPT_BYTES) return undefined;
      const mode = isEarly ? 'early' : isOpen ? 'all' : 'control';
      const pending = Math.min(room, this.#user.pendingBytes(mode, room));
      if (pending === 0) return undefined;
      packet = this.#tail.allocate(headerBytes + pending);
      end = this.#user.fill(mode, packet, headerBytes, offset);
      if (end === headerBytes) {
        this.#tail.free(packet);
        return undefined;
      }
      const whole = packet;
      packet = whole.subarray(0, end);
      // An estimate that was far too high must not keep a big buffer alive for a small slice.
      if (end * 2 < whole.length) {
        packet = this.#tail.allocate(end);
        packet.set(whole.subarray(0, end));
        this.#tail.free(whole);
      }
      this.#tail.append(packet.subarray(headerBytes));
    }
    this.#sent = offset + end - headerBytes;
    this.#flight.add(this.#sent, end, this.learner.floor);
    writeStreamHeader(packet, this.#shouldFlag(end, nowMs), ack, offset);
    this.#ackSent(ack);
    return packet;
  }

  #nextAck(nowMs: number): Uint8Array | undefined {
    if (this.#mode !== 'attached') return undefined;
    if (!this.#ackNow && !this.#probe && nowMs < this.#ackDeadlineMs) return undefined;
    const ack = this.#ackToSend();
    const packet = encodeAck(this.#probe, ack);
    this.#probe = false;
    this.#ackSent(ack);
    return packet;
  }

  #ackToSend(): number {
    return this.#barrier?.received ?? this.#received;
  }

  #ackSent(ack: number): void {
    if (this.#barrier !== undefined && this.#sent >= this.#barrier.until) this.#barrier = undefined;
    // What the barrier held back follows at once when it falls, and waits when it stands.
    this.#ackNow = this.#barrier === undefined && ack < this.#received;
    this.#announced = ack;
    this.#ackDeadlineMs = Infinity;
  }

  #isWindowOpen(): boolean {
    const inFlight = this.inFlightBytes;
    // What our count waits for behind the barrier is exempt: two sides that both wait for it would wait for ever.
    if (this.#barrier !== undefined && this.#sent < this.#barrier.until) {
      return inFlight < this.#window.bytes + 2 * EXEMPT_BYTES;
    }
    // While a size is under suspicion one packet at a time is enough to lose.
    return this.#isSuspicious ? inFlight === 0 : inFlight < this.#window.bytes;
  }

  #packetBytes(): number {
    const { limit, floor } = this.learner;
    if (this.#mode === 'early') return Math.min(MAX_EARLY_PACKET_BYTES, floor);
    // One packet above the floor at a time, so that a loss has one suspect.
    const bytes = this.#flight.hasAboveFloor ? floor : limit;
    return Math.min(bytes, this.#window.packetBytes);
  }

  #shouldFlag(packetBytes: number, nowMs: number): boolean {
    const isLast = !this.#isWindowOpen() || (this.#sent === this.#tail.end && this.#user.isBlocked);
    return this.#mode !== 'early' && this.#window.sent(this.#sent, packetBytes, this.inFlightBytes, nowMs, isLast);
  }

  #takeAck(ack: number, nowMs: number): ViolationName | undefined {
    if (ack < this.#ackedHere) return 'ack-regressed';
    if (ack > this.#sent) return 'ack-beyond-sent';
    this.#ackedHere = ack;
    const fresh = ack - this.#tail.start;
    if (fresh > 0) {
      this.#isSuspicious = this.#wasSpared = false;
      this.#flight.landed(ack, this.learner);
      this.learner.acked(fresh);
      this.#window.acked(ack, this.#sent, nowMs);
      const { limit } = this.learner;
      const hasMore = this.#sent - ack >= limit || this.#user.pendingBytes('all', limit) >= limit;
      if (limit * 2 <= this.#window.packetBytes && hasMore) this.learner.grow();
    }
    this.#counted(ack);
    return undefined;
  }

  #counted(ack: number): void {
    this.#tail.trim(ack);
    if (this.#unheard !== undefined && ack >= this.#unheard.until) this.#unheard = undefined;
    if (this.#received >= this.#settleGate && ack > this.#settled) this.#user.settle((this.#settled = ack));
  }

  /** What the peer did not process tells which packet to suspect: the first above the floor, and no other. */
  #judgeLoss(refusedBytes: number): boolean {
    const loss = this.#loss;
    this.#loss = undefined;
    this.#isSuspicious = false;
    if (loss === undefined || this.#flight.isEmpty || this.#flight.largestBytes > refusedBytes) return false;
    const { learner } = this;
    const { limit } = learner;
    const isHopeless = learner.failed(this.#flight.suspectBytes(learner.floor), loss.code === 1009);
    this.#isSuspicious = learner.limit !== limit;
    return isHopeless;
  }
}
