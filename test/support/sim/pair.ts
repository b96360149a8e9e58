import { AbortedError } from '../../../src/errors/transfer-errors.ts';
import { DEFAULT_TERMS } from '../../../src/protocol/limits.ts';
import type { Terms } from '../../../src/protocol/terms.ts';
import { DEFAULT_WHOLE_BYTES } from '../../../src/runtime/port-owner.ts';
import type { Effect } from '../../../src/session/effect.ts';
import type { PathLimit } from '../../../src/session/link/limit-learner.ts';
import { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import type { OutgoingInit } from '../../../src/session/mux/outgoing-message.ts';
import { BytesSource } from '../../../src/session/mux/source.ts';
import type { WholeMessage } from '../../../src/session/mux/whole-message.ts';
import { Session } from '../../../src/session/session.ts';
import type { PeerHandshake } from '../../../src/session/session.ts';

export type Side = 'initiator' | 'acceptor';

export interface SideOptions {
  readonly maxWholeBytes?: number;
  readonly terms?: Partial<Terms>;
  readonly maxPacketBytes?: number;
  readonly startPacketBytes?: number;
  readonly remembered?: PathLimit;
  readonly heartbeatMs?: number;
}

export const otherSide = (side: Side): Side => (side === 'initiator' ? 'acceptor' : 'initiator');

/** Two sessions and what is on the wire between them; every step is the test's to take. */
export class Pair {
  readonly initiator: Session;
  readonly acceptor: Session;
  nowMs = 0;
  /** Packets written by a side and not yet delivered to the other. */
  readonly wire: Record<Side, Uint8Array[]> = { initiator: [], acceptor: [] };
  /** Every effect so far. */
  readonly effects: Record<Side, Effect[]> = { initiator: [], acceptor: [] };
  readonly #options: Readonly<Record<Side, SideOptions>>;

  constructor(options: { initiator?: SideOptions; acceptor?: SideOptions } = {}) {
    this.#options = { initiator: options.initiator ?? {}, acceptor: options.acceptor ?? {} };
    this.initiator = this.make('initiator');
    this.acceptor = this.make('acceptor');
  }

  /** A session as this side would make one. */
  make(side: Side): Session {
    const { terms, remembered, ...rest } = this.#options[side];
    return new Session({
      id: 'session-of-the-pair-00',
      isAcceptor: side === 'acceptor',
      terms: { ...DEFAULT_TERMS, ...terms },
      maxWholeBytes: terms?.maxMessageBytes ?? DEFAULT_WHOLE_BYTES,
      maxPacketBytes: 1 << 20,
      startPacketBytes: 16_384,
      heartbeatMs: 20_000,
      wake: () => undefined,
      ...rest,
      remembered,
    });
  }

  /** HELLO and WELCOME, both arriving. */
  connect(): this {
    const hello = this.hello();
    const welcome = this.welcome(hello);
    this.initiator.attached(welcome, this.nowMs);
    this.collect();
    return this;
  }

  /** What HELLO says. Whatever was on the wire is of an older connection. */
  hello(): PeerHandshake {
    this.wire.initiator = [];
    this.wire.acceptor = [];
    return { ...this.initiator.terms, ...this.initiator.counts() };
  }

  /** The acceptor takes HELLO; returns what WELCOME says. */
  welcome(hello: PeerHandshake): PeerHandshake {
    const counts = this.acceptor.counts();
    this.acceptor.attached(hello, this.nowMs);
    this.collect();
    return { ...this.acceptor.terms, ...counts };
  }

  /** Writes all that `side` has to say onto the wire. */
  write(side: Side): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (;;) {
      const packet = this[side].nextPacket(this.nowMs);
      if (packet === undefined) break;
      packets.push(packet.slice());
    }
    this.wire[side].push(...packets);
    this.collect();
    return packets;
  }

  /** Delivers packets that `side` wrote, oldest first. */
  deliver(side: Side, count = Infinity): void {
    for (const packet of this.wire[side].splice(0, count)) this[otherSide(side)].receive(packet, this.nowMs);
    this.collect();
  }

  /** Lets `ms` pass, ticking both sides every ms (or `stepMs`), writing and delivering all there is. */
  run(ms = 50, stepMs = 1): this {
    const untilMs = this.nowMs + ms;
    for (;;) {
      for (let i = 0; i < 10_000; i++) {
        const packets = [...this.write('initiator'), ...this.write('acceptor')];
        this.deliver('initiator');
        this.deliver('acceptor');
        if (packets.length === 0) break;
      }
      if (this.nowMs >= untilMs) return this;
      this.nowMs += stepMs;
      this.tick();
    }
  }

  tick(): void {
    this.initiator.tick(this.nowMs, 0);
    this.acceptor.tick(this.nowMs, 0);
    this.collect();
  }

  /** The connection is gone, with everything on the wire; each side sees its code. */
  cut(codes: { initiator?: number; acceptor?: number } = {}): void {
    this.wire.initiator = [];
    this.wire.acceptor = [];
    this.initiator.detached({ code: codes.initiator ?? 1006 });
    this.acceptor.detached({ code: codes.acceptor ?? 1006 });
    this.collect();
  }

  send(side: Side, data: number | string | Uint8Array, init: Partial<OutgoingInit> = {}): OutgoingMessage {
    const isText = typeof data === 'string';
    const bytes = typeof data === 'number' ? new Uint8Array(data).fill(data) : data;
    const source = new BytesSource(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, isText);
    const message = new OutgoingMessage({
      source,
      channel: '',
      priority: 'auto',
      meta: undefined,
      ...init,
    });
    this[side].send(message);
    this.collect();
    return message;
  }

  abort(side: Side, message: OutgoingMessage): void {
    this[side].abort(message, new AbortedError());
    this.collect();
  }

  /** Takes every message that has come to `side`. */
  read(side: Side): WholeMessage[] {
    const messages: WholeMessage[] = [];
    for (let message = this[side].nextMessage(); message; message = this[side].nextMessage()) messages.push(message);
    return messages;
  }

  /** Effects of one kind that `side` had so far. */
  seen<Kind extends Effect['kind']>(side: Side, kind: Kind): Extract<Effect, { kind: Kind }>[] {
    return this.effects[side].filter((effect): effect is Extract<Effect, { kind: Kind }> => effect.kind === kind);
  }

  isDelivered(side: Side, message: OutgoingMessage): boolean {
    return this.seen(side, 'delivered').some((effect) => effect.message === message);
  }

  failureOf(side: Side, message: OutgoingMessage): string | undefined {
    return this.seen(side, 'failed').find((effect) => effect.message === message)?.error.code;
  }

  collect(): void {
    this.effects.initiator.push(...this.initiator.takeEffects());
    this.effects.acceptor.push(...this.acceptor.takeEffects());
  }
}

/** Loses the connection with all that is on it, seen by the initiator as `code`, and makes another one. */
export function reconnectAfter(pair: Pair, code: number): void {
  pair.cut({ initiator: code });
  pair.connect();
}
