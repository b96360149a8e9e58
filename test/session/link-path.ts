import { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import type { Priority } from '../../src/session/mux/outgoing-message.ts';
import type { Source } from '../../src/session/mux/source.ts';
import type { Session } from '../../src/session/session.ts';
import { Pair, otherSide } from '../support/sim/pair.ts';
import type { Side } from '../support/sim/pair.ts';
import { Random } from '../support/sim/random.ts';
import { VirtualClock } from '../support/sim/virtual-clock.ts';

/** What a direction of the path is like; may be changed while packets are under way. */
export interface PathRules {
  /** Of the direction from the initiator to the acceptor, in bytes per ms. */
  bytesPerMs: number;
  /** Of the other direction. */
  backBytesPerMs: number;
  /** Both directions together, without any queue. */
  baseMs: number;
  /** The round trip is longer or shorter by up to so much. */
  jitterMs: number;
  /** What the sessions' clocks are rounded down to. */
  clockStepMs: number;
  /** Each side works for about so long at a time, and then stands still for about as long; 0 for never. */
  stopMs: number;
}

const MBIT_PER_S = 1e6 / 8 / 1000;

/** Zeros that cost no memory. */
class ZeroSource implements Source {
  readonly isText = false;
  readonly state = 'ended';
  readonly heldBytes = 0;
  readonly totalBytes: number;
  readyBytes: number;
  onReady: (() => void) | undefined;

  constructor(bytes: number) {
    this.totalBytes = this.readyBytes = bytes;
  }

  pull(): void {
    // All is there.
  }

  copy(_target: Uint8Array, _at: number, count: number): void {
    this.readyBytes -= count;
  }

  restart(): boolean {
    this.readyBytes = this.totalBytes;
    return true;
  }

  release(): void {
    this.readyBytes = 0;
  }
}

const BULK_MESSAGE_BYTES = 1024 * 1024;
const BULK = 'bulk';
const PING_BYTES = 100;
const PING = 'ping';

/**
 * Two sessions on a path of a given rate and round trip, in virtual time: a packet waits in a queue without bounds until
 * those before it have left, and what was sent first arrives first. Credit never holds anything up.
 */
export class RatedPath {
  readonly rules: PathRules;
  readonly clock = new VirtualClock();
  readonly pair: Pair;
  /** Round trips of all pings that came back: when they were sent, and how long they took. */
  readonly pings: { atMs: number; ms: number }[] = [];
  /** Payload that has arrived, by the side that sent it. */
  readonly arrivedBytes: Record<Side, number> = { initiator: 0, acceptor: 0 };
  readonly #freeAtMs: Record<Side, number> = { initiator: 0, acceptor: 0 };
  readonly #lastAtMs: Record<Side, number> = { initiator: 0, acceptor: 0 };
  readonly #tickAtMs: Record<Side, number> = { initiator: Infinity, acceptor: Infinity };
  readonly #turns: Record<Side, { fromMs: number; untilMs: number }> = {
    initiator: { fromMs: 0, untilMs: 0 },
    acceptor: { fromMs: 0, untilMs: 0 },
  };
  readonly #random = new Random(1);
  readonly #pingsUnderWay: number[] = [];
  readonly #bulk = new Set<Side>();

  constructor(mbitPerS: number, baseMs: number, rules: Partial<PathRules> = {}) {
    const bytesPerMs = mbitPerS * MBIT_PER_S;
    this.rules = {
      bytesPerMs,
      backBytesPerMs: bytesPerMs,
      baseMs,
      jitterMs: 0,
      clockStepMs: 0.005,
      stopMs: 0,
      ...rules,
    };
    const side = { terms: { initialChannelCredit: 32 * 1024 * 1024 }, heartbeatMs: 5000 };
    this.pair = new Pair({ initiator: side, acceptor: side }).connect();
    this.#drive('initiator');
    this.#drive('acceptor');
  }

  get sender(): Session {
    return this.pair.initiator;
  }

  get windowBytes(): number {
    return this.sender.link.windowBytes;
  }

  /** Both ways. */
  setRate(mbitPerS: number): void {
    this.rules.bytesPerMs = this.rules.backBytesPerMs = mbitPerS * MBIT_PER_S;
  }

  /** Keeps a side sending as much as it can, from now until `stopBulk`. */
  startBulk(side: Side = 'initiator'): this {
    this.#bulk.add(side);
    for (let i = 0; i < 8; i++) this.#sendBulk(side);
    this.#drive(side);
    return this;
  }

  /** What is queued still goes out. */
  stopBulk(side: Side = 'initiator'): void {
    this.#bulk.delete(side);
  }

  /** A small message on a channel of its own each so many ms; the other side sends it back. */
  startPings(everyMs = 17): this {
    const ping = (): void => {
      this.#pingsUnderWay.push(this.clock.nowMs);
      this.#send('initiator', PING_BYTES, PING, 'high');
      this.#drive('initiator');
      this.clock.after(everyMs, ping);
    };
    ping();
    return this;
  }

  run(ms: number): this {
    const untilMs = this.clock.nowMs + ms;
    while (this.clock.step(untilMs));
    this.clock.nowMs = untilMs;
    return this;
  }

  /** Runs, and tells what arrived meanwhile as a share of what the path could have carried. */
  share(ms: number, side: Side = 'initiator'): number {
    const before = this.arrivedBytes[side];
    this.run(ms);
    const { bytesPerMs, backBytesPerMs } = this.rules;
    return (this.arrivedBytes[side] - before) / ((side === 'initiator' ? bytesPerMs : backBytesPerMs) * ms);
  }

  /** Percentile of the round trips of pings sent in the given time. */
  pingMs(percent: number, fromMs = 0, untilMs = Infinity): number {
    const sorted = this.pings.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs).map(({ ms }) => ms);
    sorted.sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN;
  }

  #now(): number {
    const { clockStepMs } = this.rules;
    return Math.floor(this.clock.nowMs / clockStepMs) * clockStepMs;
  }

  #send(side: Side, bytes: number, channel: string, priority: Priority): void {
    const source = new ZeroSource(bytes);
    this.pair[side].send(new OutgoingMessage({ source, channel, priority, meta: undefined }));
  }

  #sendBulk(side: Side): void {
    this.#send(side, BULK_MESSAGE_BYTES, BULK, 'auto');
  }

  /** What a driver does after each input. */
  #drive(side: Side): void {
    const session = this.pair[side];
    for (let message = session.nextMessage(); message; message = session.nextMessage()) {
      if (message.channel === BULK) continue;
      if (side === 'acceptor') {
        this.#send(side, PING_BYTES, PING, 'high');
      } else {
        const atMs = this.#pingsUnderWay.shift() as number;
        this.pings.push({ atMs, ms: this.clock.nowMs - atMs });
      }
    }
    for (const effect of session.takeEffects()) {
      if (effect.kind === 'violation' || effect.kind === 'stalled') throw new Error(JSON.stringify(effect));
      const isBulk = effect.kind === 'delivered' && effect.message.init.channel === BULK;
      if (isBulk && this.#bulk.has(side)) this.#sendBulk(side);
    }
    const nowMs = this.#now();
    for (let packet = session.nextPacket(nowMs); packet; packet = session.nextPacket(nowMs)) this.#carry(side, packet);
    const { deadlineMs } = session;
    if (deadlineMs >= this.#tickAtMs[side] || deadlineMs === Infinity) return;
    this.#tickAtMs[side] = deadlineMs;
    this.clock.at(deadlineMs + this.rules.clockStepMs, () => {
      this.#tickAtMs[side] = Infinity;
      session.tick(this.#now(), 0);
      this.#drive(side);
    });
  }

  /** The first moment from `atMs` on at which the side works. */
  #awakeAt(side: Side, atMs: number): number {
    const { stopMs } = this.rules;
    if (stopMs === 0) return atMs;
    const turn = this.#turns[side];
    while (atMs >= turn.untilMs) {
      turn.fromMs = turn.untilMs + this.#random.next() * 2 * stopMs;
      turn.untilMs = turn.fromMs + this.#random.next() * 2 * stopMs;
    }
    return Math.max(atMs, turn.fromMs);
  }

  #carry(side: Side, packet: Uint8Array): void {
    const { bytesPerMs, backBytesPerMs, baseMs, jitterMs } = this.rules;
    const startMs = Math.max(this.clock.nowMs, this.#freeAtMs[side]);
    const endMs = startMs + packet.length / (side === 'initiator' ? bytesPerMs : backBytesPerMs);
    this.#freeAtMs[side] = endMs;
    const delayMs = (baseMs + (this.#random.next() * 2 - 1) * jitterMs) / 2;
    this.#lastAtMs[side] = Math.max(this.#lastAtMs[side], endMs + delayMs);
    const other = otherSide(side);
    this.#lastAtMs[side] = Math.max(this.#lastAtMs[side], this.#awakeAt(other, this.#lastAtMs[side]));
    this.clock.at(this.#lastAtMs[side], () => {
      this.pair[other].receive(packet, this.#now());
      this.arrivedBytes[side] += packet.length;
      this.#drive(other);
    });
  }
}
