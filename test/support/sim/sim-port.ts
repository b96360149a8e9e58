import type { ChunkSocketError } from '../../../src/errors/chunk-socket-error.ts';
import type { Effect } from '../../../src/session/effect.ts';
import type { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import type { PeerHandshake, Session } from '../../../src/session/session.ts';
import type { LossyPath, Way } from './lossy-path.ts';
import { SimReader } from './sim-reader.ts';
import type { ReaderHost } from './sim-reader.ts';

/** What {@link SimPort} needs of the initiator or acceptor around it. */
export interface PortOwner extends ReaderHost {
  readonly maxWholeBytes: number;
  /** An effect that is not about a message. */
  handle(effect: Effect, port: SimPort): void;
}

/** Where the engine may not go, whatever the path does. */
const MAX_TAIL_BYTES = 4_194_304 + 1_048_576 + 65_536;

/**
 * Drives one session over one path after the other: the part of a driver that both ends share. It reads, performs
 * effects and writes after each input, and keeps the one timer.
 */
export class SimPort {
  readonly session: Session;
  readonly way: Way;
  readonly reader: SimReader;
  /** Bytes that were waiting to be sent again, summed over all connections. */
  resendableBytes = 0;
  attachCount = 0;
  isOver = false;
  readonly #owner: PortOwner;
  #path: LossyPath | undefined;
  #stopTimer: (() => void) | undefined;
  #timerAtMs = Infinity;
  #isFlushing = false;
  #isStale = false;
  #isScheduled = false;
  #isReading = false;

  constructor(owner: PortOwner, way: Way, makeSession: (wake: () => void) => Session) {
    this.#owner = owner;
    this.way = way;
    this.session = makeSession(this.schedule);
    const incoming = way === 'up' ? 'down' : 'up';
    this.reader = new SimReader(owner, this.session, incoming, owner.maxWholeBytes, this.schedule);
    this.#scheduleRead();
  }

  get isAttached(): boolean {
    return this.#path !== undefined;
  }

  openEarly(path: LossyPath): void {
    this.#path = path;
    this.session.openEarly();
    this.flush();
  }

  attached(path: LossyPath, peer: PeerHandshake): void {
    this.#path = path;
    this.attachCount++;
    this.resendableBytes += this.session.link.streamEnd - peer.received;
    this.session.attached(peer, this.#owner.clock.nowMs);
    this.flush();
  }

  detached(code: number | undefined): boolean {
    this.#path = undefined;
    const isWorthIt = this.session.detached(code === undefined ? undefined : { code });
    this.flush();
    return isWorthIt;
  }

  receive(bytes: Uint8Array): void {
    this.session.receive(bytes, this.#owner.clock.nowMs);
    this.flush();
  }

  readonly schedule = (): void => {
    if (this.#isScheduled || this.isOver) return;
    this.#isScheduled = true;
    this.#owner.clock.after(0, () => {
      this.#isScheduled = false;
      this.flush();
    });
  };

  flush(): void {
    this.#isStale = true;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#isStale) {
      this.#isStale = false;
      const { everyMs, startsAtMs } = this.#owner.reader;
      const isReader = everyMs === 0 && this.#owner.clock.nowMs >= startsAtMs;
      // Whoever reads a message to its end is told of the next one before anything is written.
      for (let count = 1; count > 0;) {
        this.reader.look();
        if (isReader) this.readAll();
        const effects = this.session.takeEffects();
        for (const effect of effects) this.#perform(effect);
        count = effects.length;
      }
      this.#write();
    }
    this.reader.check();
    this.#isFlushing = false;
    this.#arm();
  }

  /** Takes every message that is there. */
  readAll(): void {
    while (this.reader.takeOne());
  }

  /** Ends the session; the effects it still had are performed. */
  end(): ReturnType<Session['end']> {
    this.isOver = true;
    this.#path = undefined;
    this.#stopTimer?.();
    for (const effect of this.session.takeEffects()) this.#perform(effect);
    const messages = this.session.end();
    for (const effect of this.session.takeEffects()) this.#perform(effect);
    // What the session holds counts as delivered, whether or not the application ever asked for it.
    this.reader.end();
    return messages;
  }

  #scheduleRead(): void {
    const { everyMs, startsAtMs } = this.#owner.reader;
    if (this.#isReading) return;
    this.#isReading = true;
    const { clock } = this.#owner;
    clock.at(Math.max(startsAtMs, clock.nowMs + everyMs), () => {
      this.#isReading = false;
      if (this.isOver) return;
      if (everyMs > 0) {
        // A slow reader is no reader for ever: it hurries when there is a lot.
        this.reader.takeOne();
        this.#scheduleRead();
      }
      this.flush();
    });
  }

  #perform(effect: Effect): void {
    const { ledger } = this.#owner;
    switch (effect.kind) {
      case 'progress':
        break;
      case 'delivered':
        ledger.settled(effect.message, 'delivered');
        break;
      case 'failed':
        ledger.settled(effect.message, 'failed', effect.error);
        this.#checkExpiry(effect.message, effect.error);
        break;
      case 'incoming':
        this.reader.changed(effect.incoming);
        break;
      case 'limit':
      case 'peer-limit':
      case 'goaway':
      case 'peer-close':
      case 'finished':
      case 'stalled':
      case 'violation':
      case 'limit-too-small':
      case 'drain-timeout':
        this.#owner.handle(effect, this);
    }
  }

  #checkExpiry({ init, channelNumber }: OutgoingMessage, { code }: ChunkSocketError): void {
    if (code !== 'ERR_EXPIRED') return;
    const isDue = this.#owner.clock.nowMs >= (init.expiresAtMs ?? Infinity);
    if (!isDue || channelNumber >= 0) this.#owner.ledger.faults.push('a message expired too early');
  }

  #write(): void {
    const { link } = this.session;
    const { nowMs } = this.#owner.clock;
    for (;;) {
      // `handle` may have closed the path meanwhile.
      const packet = this.#path === undefined ? undefined : this.session.nextPacket(nowMs);
      if (packet === undefined) break;
      this.#path?.send(this.way, packet);
    }
    if (link.streamEnd - link.acked > MAX_TAIL_BYTES) this.#owner.ledger.faults.push('the tail outgrew its bound');
  }

  #arm(): void {
    const { clock } = this.#owner;
    const { deadlineMs } = this.session;
    if (deadlineMs === this.#timerAtMs || this.isOver) return;
    this.#stopTimer?.();
    this.#timerAtMs = deadlineMs;
    this.#stopTimer = undefined;
    if (deadlineMs === Infinity) return;
    this.#stopTimer = clock.at(deadlineMs, () => {
      this.#timerAtMs = Infinity;
      this.session.tick(clock.nowMs, this.#path?.bufferedBytes(this.way) ?? 0);
      this.flush();
    });
  }
}
