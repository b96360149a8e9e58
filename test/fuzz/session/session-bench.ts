import { FrameDecoder } from '../../../src/protocol/frame-decoder.ts';
import { maxWindowBytes } from '../../../src/protocol/link-defaults.ts';
import { MIN_PACKET_BYTES } from '../../../src/protocol/limits.ts';
import { streamHeaderBytes, writeStreamHeader } from '../../../src/protocol/packet.ts';
import type { Terms } from '../../../src/protocol/terms.ts';
import type { Effect } from '../../../src/session/effect.ts';
import { Session } from '../../../src/session/session.ts';
import type { SessionConfig } from '../../../src/session/session.ts';
import { allocations } from '../engine/allocations.ts';
import { check } from '../engine/target.ts';
import { IncomingReader } from './incoming-reader.ts';
import { OutgoingLedger } from './outgoing-ledger.ts';
import { PeerView } from './peer-view.ts';

/** Beyond the window: what control frames may take, and a packet. */
const MAX_TAIL_BYTES = maxWindowBytes + 1_048_576 + 256 * 1024;
/** What taking a packet may allocate beside a few times its length: blocks for messages, and what it answers. */
const MAX_TAKE_BYTES = 256 * 1024;
const BLOCK_BYTES = 16 * 1024;
const MAX_PACKETS = 5000;

/** What the peer says in the handshake of a new connection. */
export interface PeerWord {
  readonly terms: Terms;
  readonly received: number;
  readonly streamEnd: number;
  readonly refusedBytes: number | undefined;
}

/** One session with a driver that does what a real one does, and looks after each step whether all still holds. */
export class SessionBench {
  readonly session: Session;
  readonly outgoing: OutgoingLedger;
  readonly reader: IncomingReader;
  readonly view: PeerView;
  nowMs = 1000;
  /** Channel numbers that the peer has opened, 0 included. */
  peerNumbers = 1;
  readonly #config: SessionConfig;
  readonly #decoder: FrameDecoder;
  readonly #once = new Map<Effect['kind'], number>();
  /** Bytes of the peer's stream as it was handed in. */
  #takenBytes = 0;
  #frameCount = 0;
  #maxSentBytes = 0;
  #peerPacketBytes = Infinity;
  #statedReceived = 0;

  constructor(config: Omit<SessionConfig, 'id' | 'wake'>) {
    this.#config = { ...config, id: 'session-of-the-bench-0', wake: () => undefined };
    this.session = new Session(this.#config);
    this.outgoing = new OutgoingLedger(this.session);
    this.reader = new IncomingReader(this.session);
    this.view = new PeerView(config.isAcceptor);
    this.#decoder = new FrameDecoder({
      dataStart: ({ channel, first }) => {
        this.#frameCount++;
        if (first) this.peerNumbers = Math.max(this.peerNumbers, channel + 1);
        return undefined;
      },
      dataPayload: () => undefined,
      dataEnd: () => undefined,
      control: (frame) => {
        this.#frameCount++;
        if (frame.type === 'credit') this.view.credited(frame.channel, frame.limit);
        return undefined;
      },
    });
  }

  get isAcceptor(): boolean {
    return this.#config.isAcceptor;
  }

  get isOver(): boolean {
    return this.session.state.kind === 'ended';
  }

  /** HELLO or WELCOME is said: the older connection counts no more. */
  counts(): void {
    const { received, streamEnd } = this.session.counts();
    check(received <= this.#takenBytes, 'no more is received than was sent');
    check(streamEnd >= this.view.end, 'the stream ends behind what was written of it');
    this.#statedReceived = received;
  }

  attach({ terms, received, streamEnd, refusedBytes }: PeerWord): void {
    this.counts();
    this.#peerPacketBytes = terms.maxPacketBytes;
    this.view.said(terms);
    this.view.attached(received, this.#statedReceived);
    this.session.attached(
      {
        ...terms,
        received,
        streamEnd,
        refused: refusedBytes === undefined ? undefined : { maxPacketBytes: refusedBytes },
      },
      this.nowMs,
    );
  }

  /** HELLO of the first connection went out, and early data may. */
  openEarly(): void {
    this.counts();
    this.view.attached(0, 0);
    this.session.openEarly();
  }

  /** A packet as it is. */
  receive(packet: Uint8Array): void {
    const { link } = this.session;
    const before = { received: link.received, allocated: allocations.bytes, frames: this.#frameCount };
    const isOver = this.isOver || !link.isAttached;
    const copy = packet.slice();
    this.session.receive(copy, this.nowMs);
    const taken = link.received - before.received;
    check(taken >= 0 && taken <= packet.length, 'no more is taken than a packet holds');
    check(!isOver || taken === 0, 'a session that is over takes nothing');
    this.#takenBytes += taken;
    if (taken > 0) this.#decoder.push(packet.subarray(packet.length - taken));
    const allocated = allocations.bytes - before.allocated;
    const allowed = MAX_TAKE_BYTES + 4 * packet.length + BLOCK_BYTES * (this.#frameCount - before.frames);
    check(allocated <= allowed || this.isOver, () => `${allocated} bytes are allocated for ${packet.length}`);
  }

  /** A slice of the peer's stream, with counts that may be wrong. */
  receiveSlice(slice: Uint8Array, ackNow: boolean, ack: number, offset: number): void {
    const header = new Uint8Array(32);
    writeStreamHeader(header, ackNow, ack, offset);
    const headerBytes = slice.length === 0 ? streamHeaderBytes(ack, 0) - 1 : streamHeaderBytes(ack, offset);
    const packet = new Uint8Array(headerBytes + slice.length);
    packet.set(header.subarray(0, headerBytes));
    packet.set(slice, headerBytes);
    this.receive(packet);
  }

  /** What a driver does after each input: performs what is wanted, and writes what can be written. */
  flush(hasTransport = true, maxPackets = MAX_PACKETS): void {
    for (let round = 0; round < 100; round++) {
      this.reader.hear();
      const effects = this.session.takeEffects();
      for (const effect of effects) this.#note(effect);
      const packets = hasTransport ? this.#write(maxPackets) : 0;
      if (effects.length === 0 && (packets === 0 || packets === maxPackets)) break;
      check(round < 99, 'there is an end to what a session wants done');
    }
    this.#check();
  }

  /** Time passes, as the session asks to be told of it. */
  tick(ms: number, bufferedBytes: number): void {
    this.nowMs += ms;
    this.session.tick(this.nowMs, bufferedBytes);
  }

  /** A timer that is due at once again and again would keep the machine busy for ever. */
  checkTimer(): void {
    for (let round = 0; this.session.deadlineMs <= this.nowMs; round++) {
      check(round < 4, () => `the timer is due at ${this.session.deadlineMs} again and again, and it is ${this.nowMs}`);
      this.tick(0, 0);
      this.flush();
    }
  }

  /** The session is over, if it was not: nothing is left of it. */
  finish(): void {
    const { session, outgoing } = this;
    this.flush();
    const left = session.end();
    this.reader.hear();
    for (const effect of session.takeEffects()) this.#note(effect);
    outgoing.checkEnd(left);
    check(session.deadlineMs === Infinity, 'a session that is over wants no timer');
    check(session.nextPacket(this.nowMs) === undefined, 'a session that is over writes nothing');
    session.receive(new Uint8Array([16, 0]), this.nowMs);
    check(session.takeEffects().length === 0, 'a session that is over does nothing');
    this.reader.check();
    this.reader.drain();
  }

  #write(maxPackets: number): number {
    const { session, view } = this;
    const { link } = session;
    let count = 0;
    for (; count < maxPackets; count++) {
      const allowed = Math.max(MIN_PACKET_BYTES, Math.min(link.learner.limit, this.#peerPacketBytes));
      const packet = session.nextPacket(this.nowMs);
      if (packet === undefined) break;
      view.wrote(packet, allowed, link.received);
    }
    check(count < MAX_PACKETS, 'there is an end to what a session writes');
    this.#maxSentBytes = Math.max(this.#maxSentBytes, view.sentHere);
    return count;
  }

  #note(effect: Effect): void {
    switch (effect.kind) {
      case 'progress':
      case 'delivered':
      case 'failed':
        this.outgoing.note(effect);
        break;
      case 'incoming':
        check(effect.incoming.isWatched, 'only what was told of is told more of');
        break;
      case 'limit':
        check(effect.from !== effect.to, 'a limit that changes is another');
        break;
      case 'goaway':
      case 'peer-limit':
        check(!this.#config.isAcceptor, 'only an acceptor goes away, or tells its limit');
        break;
      case 'stalled':
        break;
      case 'violation':
      case 'limit-too-small':
        check(this.isOver, 'whoever broke the protocol has ended the session');
        this.#onlyOnce(effect.kind);
        break;
      case 'peer-close':
      case 'finished':
      case 'drain-timeout':
        this.#onlyOnce(effect.kind);
    }
  }

  #onlyOnce(kind: Effect['kind']): void {
    check(!this.#once.has(kind), () => `${kind} comes once`);
    this.#once.set(kind, 1);
  }

  #check(): void {
    const { session, nowMs } = this;
    const { link, terms, receiver } = session;
    const { learner, path } = link;
    const { acked, streamEnd, inFlightBytes, windowBytes, received, lastReceived } = link;
    check(acked >= 0 && acked <= streamEnd, () => `${acked} of ${streamEnd} is acknowledged`);
    check(acked <= this.#maxSentBytes, () => `${acked} is acknowledged, and ${this.#maxSentBytes} was sent`);
    check(inFlightBytes >= 0 && inFlightBytes <= streamEnd - acked, 'what is under way was written');
    check(streamEnd - acked <= MAX_TAIL_BYTES, 'what is kept to be sent again is bounded');
    check(lastReceived >= 0 && lastReceived <= received, 'what a tombstone says was received');
    check(windowBytes >= 4096 && windowBytes <= maxWindowBytes, () => `a window of ${windowBytes}`);
    check(path.rttMs >= 0 && path.rttMs < Infinity && path.rate >= 0 && path.rate < Infinity, 'the path is measured');
    const { floor, limit, ceiling } = learner;
    check(
      floor >= MIN_PACKET_BYTES && floor <= limit && limit < ceiling,
      () => `limits ${floor}, ${limit}, ${ceiling}`,
    );
    check(!Number.isNaN(session.deadlineMs), 'a deadline is a time');
    const pool = terms.maxOpenChannels * terms.initialChannelCredit + terms.poolBytes;
    const held = receiver.heldBytes;
    // What broke the credit is counted, and not there.
    check(held >= 0 && (held <= pool || this.isOver), () => `${held} bytes are held, and ${pool} may be`);
    check(this.reader.takenBytes <= received, 'no more is handed over than has come');
    check(nowMs >= 0 && session.isExpected === (session.peerTerms !== undefined || streamEnd > 0), 'it knows its past');
    this.outgoing.checkCounts();
    this.reader.check();
  }
}
