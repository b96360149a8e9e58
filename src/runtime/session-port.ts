import type { ClosedError } from '../errors/session-errors.ts';
import type { Effect } from '../session/effect.ts';
import type { LinkCounters } from '../session/link/link.ts';
import type { Source } from '../session/mux/source.ts';
import type { PeerHandshake, Session } from '../session/session.ts';
import { atTaskEnd } from './at-task-end.ts';
import { Coalescing } from './coalescing.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { toSource } from './payload.ts';
import type { SendData } from './payload.ts';
import type { PortOwner } from './port-owner.ts';
import type { SendOptions } from './send-options.ts';
import type { Stats } from './stats.ts';
import type { Transfer } from './transfer.ts';
import type { Transport } from './transport.ts';

/**
 * The guard beneath the window: while the transport holds so much that has not left, nothing is added. What is in flight
 * is less than that; only answers to a peer that does not read can come to it.
 */
const MAX_TRANSPORT_BYTES = 8 * 1024 * 1024;
/** Of what one task sends, so much goes out at once: the other side can begin before the task is over. */
const EARLY_WRITE_BYTES = 64 * 1024;
/** About what a message takes beside its payload. */
const HEAD_BYTES = 16;

/**
 * Runs one {@link Session} at a time: feeds it, performs its effects, arms its one timer, writes its packets to the
 * current transport and hands its messages to the listeners. Both ends of the wire use it; they differ in how they come
 * by transports.
 */
export class SessionPort {
  #session: Session;
  readonly #owner: PortOwner;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #transport: Transport | undefined;
  /** Nothing is handed out any more. */
  #isDeaf = false;
  #isFlushing = false;
  #isStale = false;
  #isTaskPosted = false;
  #stopTimer: (() => void) | undefined;
  #timerAtMs = Infinity;
  /** Given to the session since it was last asked for packets. */
  #unwrittenBytes = 0;
  readonly #coalescing = new Coalescing();
  #isWaiting = false;
  #connections = 0;
  /** Counted by earlier sessions. */
  #past: LinkCounters | undefined;

  constructor(owner: PortOwner, makeSession: (wake: () => void) => Session) {
    this.#owner = owner;
    const session = makeSession(this.schedule);
    this.#session = session;
    this.#outbox = new Outbox(owner, session, this.schedule);
    this.#inbox = new Inbox(owner, session, this.schedule);
    owner.emitter.onListen = this.schedule;
  }

  get session(): Session {
    return this.#session;
  }

  /** Bytes of payload not acknowledged, waiting ones included. */
  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  /** Fulfilled while at most half of what may be kept in memory is; rejected when nothing is taken any more. */
  get ready(): Promise<void> {
    return this.#outbox.ready;
  }

  /** A whole message waits to be handed out; also when all is over. */
  get hasWhole(): boolean {
    return this.#session.receiver.hasWhole;
  }

  send(data: SendData, options: SendOptions = {}): Transfer {
    return this.sendFrom(() => toSource(data, options.transfer), options);
  }

  sendFrom(makeSource: () => Source, options: SendOptions): Transfer {
    const transfer = this.#outbox.send(makeSource, options);
    this.#unwrittenBytes += (transfer.totalBytes ?? 0) + HEAD_BYTES;
    this.#coalescing.add();
    if (this.#unwrittenBytes >= EARLY_WRITE_BYTES && !this.#isFlushing) this.#write();
    return transfer;
  }

  /** HELLO of the first connection went out: a little data may follow before the answer. */
  connectEarly(transport: Transport): void {
    this.#transport = transport;
    this.#session.openEarly();
    this.flush();
  }

  /** The handshake is complete: packets go to this connection from now on. */
  connect(transport: Transport, peer: PeerHandshake): void {
    this.#transport = transport;
    this.#connections++;
    this.#session.attached(peer, this.#owner.clock.now());
    this.flush();
  }

  /**
   * The connection is gone, or no longer counts.
   *
   * @param code - close code, undefined when the loss says nothing about the path
   * @returns whether something may have been learned, so that it is worth coming back at once
   */
  disconnect(code: number | undefined): boolean {
    this.#transport = undefined;
    const isWorthIt = this.#session.detached(code === undefined ? undefined : { code });
    this.flush();
    return isWorthIt;
  }

  receive(bytes: Uint8Array): void {
    this.#session.receive(bytes, this.#owner.clock.now());
    this.flush();
  }

  /** From here on nothing is taken: every transfer fails with `error`. */
  stopTaking(error: ClosedError): void {
    this.#outbox.stopTaking(error);
  }

  /** The session is about to end in order: what it has not started, and what is sent from now on, waits for the next. */
  hold(): void {
    this.#outbox.hold();
  }

  /**
   * The session is over, and so is this port: fails all that is left. What has come whole is handed out all the same, as
   * the application takes what is before it: the peer was told that it is delivered.
   */
  end(error: ClosedError): void {
    this.stopTaking(error);
    for (const message of this.#outbox.takeBack()) this.#outbox.settle(message, error);
    this.flush();
    // Also where that is for a flush further up: what is told of the end follows at once.
    this.#outbox.update();
  }

  /** Hands out nothing any more, and forgets what nobody has begun to take, or what nobody was told of. */
  discard(keepsTold: boolean): void {
    this.#isDeaf = true;
    this.#inbox.discard(keepsTold);
  }

  /** Nothing was ever sent, and nothing will be here: what waits goes on elsewhere, with its transfers. */
  release(): Outbox {
    this.flush();
    this.#isDeaf = true;
    this.#owner.emitter.onListen = undefined;
    return this.#outbox;
  }

  /** The session is over, and the next one goes on: with what the peer cannot have, and by policy what it may have. */
  replace(makeSession: (wake: () => void) => Session): void {
    const old = this.#session;
    const left = this.#outbox.takeBack();
    this.#past = this.#counters();
    // Before any listener hears of the old session's end: what it sends or aborts is the new one's.
    const session = makeSession(this.schedule);
    this.#session = this.#outbox.sink = session;
    this.#inbox.replace(session);
    for (const message of left) this.#outbox.carry(message, old.id);
    for (const effect of old.takeEffects()) if (isOfMessage(effect)) this.#perform(effect);
    this.schedule();
  }

  /** Timers are throttled from now on, or no longer. */
  throttle(isThrottled: boolean): void {
    this.#session.link.isTimerThrottled = isThrottled;
    this.schedule();
  }

  /** Runs at the end of this task, so that everything sent in one task shares packets. */
  readonly schedule: () => void = atTaskEnd(() => {
    const { clock } = this.#owner;
    const { link } = this.#session;
    const mayWait = link.inFlightBytes > 0 && !link.isTimerThrottled;
    const waitMs = mayWait ? this.#coalescing.waitMs(clock.now()) : 0;
    if (waitMs === 0) {
      this.flush();
    } else if (!this.#isWaiting) {
      this.#isWaiting = true;
      clock.setTimer(waitMs, () => {
        this.#isWaiting = false;
        this.flush();
      });
    }
  });

  /** Hands out what has come, performs what is due, writes what can be written. */
  flush(): void {
    this.#isStale = true;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#deliver();
        const session = this.#session;
        for (const effect of session.takeEffects()) {
          // An effect may have put another session in place: what the old one wants done is void then.
          if (session === this.#session || isOfMessage(effect)) this.#perform(effect);
        }
        this.#write();
      }
    } finally {
      this.#isFlushing = false;
    }
    this.#outbox.update();
    this.#arm();
  }

  stats(): Stats {
    const { link } = this.#session;
    const { learner, path } = link;
    return {
      ...this.#counters(),
      connections: this.#connections,
      bufferedBytes: this.bufferedBytes,
      inFlightBytes: link.inFlightBytes,
      windowBytes: link.windowBytes,
      rttMs: path.rttMs,
      bytesPerSecond: path.rate * 1000,
      limitBytes: learner.limit,
      limitFloorBytes: learner.floor,
      limitCeilingBytes: learner.ceiling,
      channels: this.#outbox.channels,
    };
  }

  #deliver(): void {
    const { postTask } = this.#owner;
    const isPaced = postTask !== undefined;
    // A listener may leave, close, or bring about another session, at any message.
    while (!this.#isDeaf && this.#inbox.deliverNext(this.#hasClosed, isPaced));
    if (!isPaced || this.#isTaskPosted || !this.hasWhole) return;
    this.#isTaskPosted = true;
    postTask(() => {
      this.#isTaskPosted = false;
      this.#inbox.deliverNext(this.#hasClosed);
      this.flush();
    });
  }

  /** The application has closed, and the end has not come. A side that answers, or leaves, may only be slow to listen. */
  get #hasClosed(): boolean {
    return this.#outbox.closed !== undefined && this.#session.hasClosed;
  }

  #counters(): LinkCounters {
    const sums = { ...this.#session.link.counters };
    for (const name of Object.keys(sums) as (keyof LinkCounters)[]) sums[name] += this.#past?.[name] ?? 0;
    return sums;
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'progress':
        this.#outbox.progressed(effect.message);
        break;
      case 'delivered':
        this.#outbox.settle(effect.message);
        break;
      case 'failed':
        this.#outbox.settle(effect.message, effect.error);
        break;
      case 'incoming':
        this.#inbox.changed(effect.incoming);
        break;
      case 'limit': {
        const { from: fromBytes, to: toBytes, cause } = effect;
        this.#owner.emitter.emit('limit', { fromBytes, toBytes, cause });
        this.#owner.handleEffect(effect);
        break;
      }
      case 'peer-limit':
      case 'goaway':
      case 'peer-close':
      case 'finished':
      case 'stalled':
      case 'violation':
      case 'limit-too-small':
      case 'drain-timeout':
        this.#owner.handleEffect(effect);
    }
  }

  #write(): void {
    const nowMs = this.#owner.clock.now();
    this.#unwrittenBytes = 0;
    this.#coalescing.wrote(nowMs);
    const transport = this.#transport;
    if (transport === undefined) return;
    while (transport.bufferedBytes < MAX_TRANSPORT_BYTES) {
      const packet = this.#session.nextPacket(nowMs);
      if (packet === undefined) break;
      transport.send(packet);
    }
  }

  #arm(): void {
    const { clock } = this.#owner;
    const { deadlineMs } = this.#session;
    // A timer that comes too early looks again: deadlines are put off with every packet, and setting one is dear.
    if (deadlineMs >= this.#timerAtMs && deadlineMs < Infinity) return;
    this.#stopTimer?.();
    this.#timerAtMs = deadlineMs;
    if (deadlineMs === Infinity) return;
    this.#stopTimer = clock.setTimer(Math.max(0, deadlineMs - clock.now()), () => {
      this.#timerAtMs = Infinity;
      this.#session.tick(clock.now(), this.#transport?.bufferedBytes ?? 0);
      this.flush();
    });
  }
}

function isOfMessage(effect: Effect): boolean {
  return 'message' in effect || 'incoming' in effect;
}
