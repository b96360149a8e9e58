import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** One side of a connection, as a WebSocket shows it. */
export interface PathEnd {
  received(bytes: Uint8Array): void;
  closed(code: number): void;
}

/** `up` is from the initiator to the acceptor. */
export type Way = 'up' | 'down';

/** What the path does to the packets of one direction. */
export interface WayRules {
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** The largest packet that passes at this time, in bytes. */
  limitAt(nowMs: number): number;
}

/** What happens to a packet over the limit. */
export interface RefusalRules {
  /** The code that its sender sees; `swallow` for none: nothing of its direction passes any more, and nobody is told. */
  code(random: Random): number | 'swallow';
  /** How often packets before it, which have passed the gateway and not arrived, are lost too. */
  readonly dropUpstreamChance: number;
  /** How often the other end hears nothing of it. */
  readonly silentChance: number;
}

interface Leg {
  busyUntilMs: number;
  bufferedBytes: number;
  /** Nothing more passes the gateway. */
  isBlocked: boolean;
  /** Nothing more arrives. */
  isCut: boolean;
}

const newLeg = (): Leg => ({ busyUntilMs: 0, bufferedBytes: 0, isBlocked: false, isCut: false });

const opposite = (way: Way): Way => (way === 'up' ? 'down' : 'up');

/**
 * One connection. Each packet leaves at the rate of its direction, passes a gateway at half of the latency, where it may
 * be refused, and arrives at the other end, unless the connection has ended.
 */
export class LossyPath {
  /** Sizes of the packets that the path refused. */
  readonly refused: Record<Way, number[]> = { up: [], down: [] };
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #rules: Readonly<Record<Way, WayRules>>;
  readonly #refusal: RefusalRules;
  readonly #legs: Record<Way, Leg> = { up: newLeg(), down: newLeg() };
  /** Who sends that way, and hears what comes the other way; nobody once it is closed there. */
  readonly #ends: Partial<Record<Way, PathEnd | undefined>> = {};

  constructor(clock: VirtualClock, random: Random, rules: Readonly<Record<Way, WayRules>>, refusal: RefusalRules) {
    this.#clock = clock;
    this.#random = random;
    this.#rules = rules;
    this.#refusal = refusal;
  }

  join(way: Way, end: PathEnd): void {
    this.#ends[way] = end;
  }

  bufferedBytes(way: Way): number {
    return this.#legs[way].bufferedBytes;
  }

  send(way: Way, packet: Uint8Array): void {
    const leg = this.#legs[way];
    const { latencyMs, bytesPerMs } = this.#rules[way];
    // A copy: whoever keeps or changes the bytes of the sender would be found out.
    const bytes = packet.slice();
    leg.bufferedBytes += bytes.length;
    leg.busyUntilMs = Math.max(leg.busyUntilMs, this.#clock.nowMs) + bytes.length / bytesPerMs;
    this.#clock.at(leg.busyUntilMs, () => {
      leg.bufferedBytes -= bytes.length;
    });
    this.#clock.at(leg.busyUntilMs + latencyMs / 2, () => {
      this.#passGateway(way, bytes);
    });
  }

  /** The end that sends `way` closes, and is deaf from now on: what it sent still arrives, then the code. */
  close(way: Way, code: number): void {
    const leg = this.#legs[way];
    this.#ends[way] = undefined;
    const atMs = Math.max(leg.busyUntilMs, this.#clock.nowMs) + this.#rules[way].latencyMs + 0.01;
    this.#clock.at(atMs, () => {
      if (!leg.isCut && !leg.isBlocked) this.#hangUp(opposite(way), code);
    });
  }

  /** The network fails: everything under way is lost. Each end notices after so many ms, or never (`Infinity`). */
  cut(upNoticesMs: number, downNoticesMs: number): void {
    this.#legs.up.isCut = this.#legs.down.isCut = true;
    this.#hangUpLater('up', upNoticesMs, 1006);
    this.#hangUpLater('down', downNoticesMs, 1006);
  }

  #passGateway(way: Way, bytes: Uint8Array): void {
    const leg = this.#legs[way];
    if (leg.isCut || leg.isBlocked) return;
    const rules = this.#rules[way];
    if (bytes.length > rules.limitAt(this.#clock.nowMs)) {
      this.#refuse(way, bytes.length);
      return;
    }
    this.#clock.after(rules.latencyMs / 2, () => {
      if (!leg.isCut) this.#ends[opposite(way)]?.received(bytes);
    });
  }

  #refuse(way: Way, size: number): void {
    this.refused[way].push(size);
    this.#legs[way].isBlocked = true;
    const code = this.#refusal.code(this.#random);
    if (code === 'swallow') return;
    const isDropping = this.#random.chance(this.#refusal.dropUpstreamChance);
    const isSilent = this.#random.chance(this.#refusal.silentChance);
    const otherCode = this.#random.chance(0.5) ? code : 1006;
    const halfMs = this.#rules[way].latencyMs / 2;
    if (isDropping) this.#legs[way].isCut = true;
    this.#hangUpLater(way, halfMs, code);
    this.#clock.after(halfMs, () => {
      this.#legs.up.isCut = this.#legs.down.isCut = true;
      if (!isSilent) this.#hangUpLater(opposite(way), this.#random.int(0, 20), otherCode);
    });
  }

  #hangUpLater(way: Way, delayMs: number, code: number): void {
    if (delayMs === Infinity) return;
    this.#clock.after(delayMs, () => {
      this.#hangUp(way, code);
    });
  }

  #hangUp(way: Way, code: number): void {
    const end = this.#ends[way];
    this.#ends[way] = undefined;
    end?.closed(code);
  }
}
