import { Ledger } from './ledger.ts';
import type { Entry } from './ledger.ts';
import { LossyPath } from './lossy-path.ts';
import type { RefusalRules, Way, WayRules } from './lossy-path.ts';
import { Random } from './random.ts';
import { SimAcceptor } from './sim-acceptor.ts';
import { SimInitiator } from './sim-initiator.ts';
import type { NodeRules, Outgoing, SimNode } from './sim-node.ts';
import type { ReaderRules } from './sim-reader.ts';
import { VirtualClock } from './virtual-clock.ts';

/** How a packet over the limit shows to its sender. */
export type RefusalKind = '1009' | 'often-1006' | 'other-code' | 'swallow' | 'mixed';

export interface WaySchedule {
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** Limits of the path in bytes, one after the other through the bad time; the last one stays. */
  readonly limits: readonly number[];
}

export type ReaderKind = 'at once' | 'slow' | 'late';

/** One run: all that is random in it comes from `seed`. */
export interface Schedule {
  readonly seed: number;
  readonly up: WaySchedule;
  readonly down: WaySchedule;
  readonly refusal: RefusalKind;
  readonly dropsUpstream: boolean;
  readonly cuts: number;
  readonly outages: number;
  readonly restarts: number;
  readonly hasTombstones: boolean;
  readonly impatience: number;
  readonly authorizeMs: number;
  readonly sendsEarly: boolean;
  readonly resendsAfterLoss: boolean;
  readonly messages: { readonly up: number; readonly down: number };
  readonly maxSizeBytes: number;
  readonly channels: number;
  readonly abortShare: number;
  /** How many messages come in pieces, whether their length is known or not; and how many of these break off. */
  readonly streamShare: number;
  readonly breakShare: number;
  readonly ttlShare: number;
  readonly readers: { readonly up: ReaderKind; readonly down: ReaderKind };
  readonly manners: { readonly up: ReaderRules['manners']; readonly down: ReaderRules['manners'] };
  /** Bytes of the largest message that is taken whole, and of the pool beyond that; and of any message. */
  readonly maxWholeBytes: number;
  readonly poolMarginBytes: number;
  readonly maxMessageBytes: number;
  readonly maxOpenChannels: number;
  readonly goesAway: boolean;
  /** Who closes in the bad time already; at the end somebody does anyway. */
  readonly closes: 'nobody' | 'initiator' | 'acceptor' | 'both';
}

/** How long things go wrong. */
const BAD_MS = 60_000;
/** How long it may take after that until everything is settled: a 2 MB message at 20 bytes a ms takes 100 s. */
const GOOD_MS = 30 * 60_000;

/** The world of one schedule: a client, a server, and the path between them. */
export class World {
  readonly clock = new VirtualClock();
  readonly ledger = new Ledger();
  readonly initiator: SimInitiator;
  readonly acceptor: SimAcceptor;
  readonly schedule: Schedule;
  /** Sizes refused by the path before and after it became good. */
  readonly refused: Record<Way, number[]> = { up: [], down: [] };
  cutCount = 0;
  readonly #random: Random;
  readonly #paths = new Set<LossyPath>();
  #path: LossyPath | undefined;
  #outageUntilMs = 0;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
    this.#random = new Random(schedule.seed);
    const { resendsAfterLoss, sendsEarly, impatience } = schedule;
    this.initiator = new SimInitiator(
      this.clock,
      this.ledger,
      this.#random.fork(),
      { ...this.#rules('up'), resendsAfterLoss, sendsEarly, impatience, impatientUntilMs: BAD_MS },
      (opened) => {
        this.#dial(opened);
      },
    );
    this.acceptor = new SimAcceptor(this.clock, this.ledger, this.#random.fork(), this.#rules('down'), 'down');
    this.acceptor.authorizeMs = schedule.authorizeMs;
    this.#plan();
  }

  /** Runs the bad time, then the good, until everything is settled; then closes and waits for the end. */
  run(): void {
    this.settle();
    this.finish();
  }

  /** The bad time, and the good time until everything is settled: first all that does not wait for a reader. */
  settle(): void {
    this.initiator.connect();
    while (this.clock.step(BAD_MS));
    this.clock.nowMs = Math.max(this.clock.nowMs, BAD_MS);
    this.acceptor.authorizeMs = 0;
    this.runUntil(() => this.#isStalled, 'everything is settled that is read');
    this.initiator.giveUp();
    this.acceptor.giveUp();
    this.runUntil(() => this.isSettled, 'everything is settled');
  }

  /** Closes from one side or the other, waits for the end, and checks what can be checked only then. */
  finish(): void {
    this.#close();
    this.#checkEnd();
  }

  get isSettled(): boolean {
    if (this.initiator.isDone) this.acceptor.giveUpWaiting();
    return this.ledger.entries.every((entry) => entry.outcome !== undefined);
  }

  /** Nothing is left but messages on channels that are not read. */
  get #isStalled(): boolean {
    if (this.isSettled) return true;
    return [this.initiator, this.acceptor].every((node) => {
      const left = this.ledger.entries.filter(({ way, outcome }) => way === node.way && outcome === undefined);
      const reader = (node === this.initiator ? this.acceptor : this.initiator).port?.reader;
      const names = reader?.stalled;
      if (names === undefined || names.size === 0) return left.length === 0;
      // Each number that such a channel ever had may be one that is not given back.
      const numbers = new Set<number>();
      for (const { way, channel, message } of this.ledger.entries) {
        if (way === node.way && names.has(channel)) numbers.add(message.channelNumber);
      }
      const hasNumbers = numbers.size < this.schedule.maxOpenChannels - 1;
      return left.every(({ channel }) => names.has(channel) || (channel !== '' && !hasNumbers));
    });
  }

  runUntil(isReached: () => boolean, what: string): void {
    const untilMs = this.clock.nowMs + GOOD_MS;
    for (let i = 0; !isReached(); i++) {
      // Asking costs more than a step does.
      for (let steps = 0; steps < 50; steps++) this.clock.step(untilMs);
      if (this.clock.nowMs >= untilMs || !this.clock.step(untilMs)) {
        const readers = [this.acceptor, this.initiator].map(({ port }) => String(port?.reader)).join('; ');
        if (!isReached()) this.ledger.faults.push(`never: ${what}; readers: ${readers}`);
        return;
      }
    }
  }

  /** Sends one message in the direction of `node`, and lets the test abort it some time. */
  send(node: SimNode, outgoing: Outgoing): void {
    const entry = node.send(outgoing);
    if (entry === undefined || !this.#random.chance(this.schedule.abortShare)) return;
    this.clock.after(this.#random.scaled(1, 20_000) - 1, () => {
      node.abort(entry);
    });
  }

  #rules(way: Way): NodeRules {
    const { readers, manners, maxWholeBytes, poolMarginBytes, maxMessageBytes, maxOpenChannels } = this.schedule;
    const kind = readers[way];
    return {
      terms: {
        maxPacketBytes: 1 << 20,
        maxMessageBytes,
        initialChannelCredit: 16_384,
        poolBytes: maxWholeBytes + poolMarginBytes,
        maxOpenChannels,
      },
      maxWholeBytes,
      reader: {
        everyMs: kind === 'slow' ? 100 : 0,
        startsAtMs: kind === 'late' ? BAD_MS / 2 : 0,
        manners: manners[way],
      },
      maxPacketBytes: 1 << 20,
      startPacketBytes: 16_384,
    };
  }

  #close(): void {
    const { initiator, acceptor } = this;
    if (!initiator.isDone) {
      const { goesAway, closes } = this.schedule;
      const isNew = goesAway || closes !== 'nobody' || acceptor.port === undefined;
      if (isNew || this.#random.chance(0.5)) initiator.close(900_000);
      else acceptor.close(900_000);
    }
    this.runUntil(() => initiator.isDone && acceptor.sessionCount === 0, 'both ends are closed');
  }

  #checkEnd(): void {
    const { initiator, acceptor, ledger } = this;
    // Nothing is wrong with the path any more: the last session ends in order.
    const { closes, goesAway, restarts } = this.schedule;
    const isOrderly =
      /1000|ended/.test(initiator.ending) || (restarts > 0 && initiator.ending === 'gone while closing');
    if (closes === 'nobody' && !goesAway && !isOrderly) {
      ledger.faults.push(`the initiator ended by ${initiator.ending}, the acceptor by ${acceptor.ending}`);
    }
    ledger.check();
    for (const { session, resendableBytes } of [initiator.port, acceptor.port].flatMap((port) => port ?? [])) {
      if (session.bufferedBytes !== 0) ledger.faults.push(`bufferedBytes ended at ${session.bufferedBytes}`);
      if (session.heldBytes !== 0) ledger.faults.push(`heldBytes ended at ${session.heldBytes}`);
      const { resentBytes } = session.link.counters;
      if (resentBytes > resendableBytes) ledger.faults.push(`${resentBytes} bytes resent of ${resendableBytes}`);
    }
    const reasons = this.cutCount + this.refused.up.length + this.refused.down.length + this.schedule.restarts;
    const most = 3 * (reasons + 4) + this.#impatientCount();
    if (initiator.connectionCount > most) {
      ledger.faults.push(`${initiator.connectionCount} connections for ${reasons} reasons`);
    }
    if (reasons > 200) ledger.faults.push(`${this.refused.up.length + this.refused.down.length} packets refused`);
  }

  #impatientCount(): number {
    return this.schedule.impatience > 0 || this.schedule.outages > 0 ? 200 : 0;
  }

  #dial(opened: (path: LossyPath | undefined) => void): void {
    const { up, down } = this.schedule;
    const isOut = this.clock.nowMs < this.#outageUntilMs;
    this.clock.after(up.latencyMs + down.latencyMs, () => {
      if (isOut) {
        opened(undefined);
        return;
      }
      const path = new LossyPath(
        this.clock,
        this.#random.fork(),
        { up: this.#wayRules(up, 'up'), down: this.#wayRules(down, 'down') },
        this.#refusalRules(),
      );
      this.#paths.add(path);
      this.#path = path;
      Object.assign(path, { refused: this.refused });
      this.acceptor.accept(path);
      opened(path);
    });
  }

  #wayRules({ latencyMs, bytesPerMs, limits }: WaySchedule, way: Way): WayRules {
    const jitterMs = this.schedule.impatience > 0 && way === 'up' ? this.#random.int(0, 200) : 0;
    return {
      latencyMs: latencyMs + jitterMs,
      bytesPerMs,
      limitAt: (nowMs) => {
        const step = Math.min(limits.length - 1, Math.floor((nowMs / BAD_MS) * limits.length));
        return limits[step] as number;
      },
    };
  }

  #refusalRules(): RefusalRules {
    const { refusal, dropsUpstream } = this.schedule;
    const code = (random: Random): number | 'swallow' => {
      switch (refusal) {
        case '1009':
          return 1009;
        case 'often-1006':
          return random.chance(0.3) ? 1006 : 1009;
        case 'other-code':
          return random.pick([1000, 1002, 1008, 1011, 4002, 1006]);
        case 'swallow':
          return 'swallow';
        case 'mixed':
          return random.pick([1009, 1006, 1008, 'swallow']);
      }
    };
    return { code, dropUpstreamChance: dropsUpstream ? 0.7 : 0, silentChance: this.#random.pick([0, 0.3, 1]) };
  }

  #plan(): void {
    const random = this.#random;
    const { schedule, clock, initiator, acceptor } = this;
    for (let i = 0; i < schedule.cuts; i++) {
      clock.at(random.next() * BAD_MS, () => {
        if (this.#path === undefined) return;
        this.cutCount++;
        const notices = (): number => (random.chance(0.25) ? Infinity : random.scaled(1, 3000));
        this.#path.cut(notices(), notices());
        this.#path = undefined;
      });
    }
    for (let i = 0; i < schedule.outages; i++) {
      clock.at(random.next() * BAD_MS, () => {
        this.#outageUntilMs = clock.nowMs + random.int(100, 8000);
        this.#path?.cut(random.int(0, 100), random.int(0, 100));
        this.cutCount++;
        this.#path = undefined;
      });
    }
    for (let i = 0; i < schedule.restarts; i++) {
      clock.at(random.next() * BAD_MS, () => {
        this.acceptor.restart(schedule.hasTombstones);
      });
    }
    for (const node of [initiator, acceptor]) {
      for (let i = 0; i < schedule.messages[node.way]; i++) {
        clock.at(random.chance(0.5) ? random.scaled(1, BAD_MS / 2) - 1 : random.int(0, 3) * 1000, () => {
          this.send(node, this.#outgoing(random));
        });
      }
    }
    if (schedule.goesAway) {
      clock.at((random.next() * BAD_MS) / 2, () => {
        acceptor.goAway(30_000);
      });
    }
    const { closes } = schedule;
    const closeAtMs = random.next() * BAD_MS;
    if (closes === 'initiator' || closes === 'both') {
      clock.at(closeAtMs, () => {
        initiator.close(random.pick([0, 1000, 30_000]));
      });
    }
    if (closes === 'acceptor' || closes === 'both') {
      clock.at(closeAtMs + random.int(0, 100), () => {
        acceptor.close(random.pick([0, 1000, 30_000]));
      });
    }
  }

  #outgoing(random: Random): Outgoing {
    const { maxSizeBytes, channels, streamShare, breakShare, ttlShare } = this.schedule;
    const poolBytes = Math.min(this.schedule.maxWholeBytes, 200_000);
    const sizeBytes = random.chance(0.1)
      ? random.int(0, 3)
      : random.chance(0.15)
        ? random.int(Math.floor(poolBytes / 3), poolBytes + 1000)
        : random.scaled(1, random.pick([300, 20_000, maxSizeBytes]));
    const channel = random.int(0, channels - 1);
    return {
      sizeBytes,
      isText: random.chance(0.4),
      channel: channel === 0 ? '' : `channel ${channel}`,
      priority: random.pick(['high', 'auto', 'low']),
      source: random.chance(streamShare) ? random.pick(['stream', 'slow']) : 'bytes',
      isBroken: random.chance(breakShare),
      ttlMs: random.chance(ttlShare) ? random.scaled(1, 30_000) : undefined,
    };
  }
}

export type { Entry };
