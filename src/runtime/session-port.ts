import type { ClosedError } from '../errors/session-errors.ts';
import { AbortedError, BufferFullError, SessionLostError } from '../errors/transfer-errors.ts';
import { OptionError } from '../errors/session-errors.ts';
import { encodeFields } from '../protocol/frame-encoder.ts';
import { MAX_NAME_AND_META_BYTES } from '../protocol/limits.ts';
import type { Effect } from '../session/effect.ts';
import { OutgoingMessage } from '../session/mux/outgoing-message.ts';
import type { Priority } from '../session/mux/outgoing-message.ts';
import type { LinkCounters } from '../session/link/link.ts';
import type { PeerHandshake, Session } from '../session/session.ts';
import type { Clock } from './clock.ts';
import type { SessionEvents } from './events.ts';
import { toSource } from './payload.ts';
import type { SendData } from './payload.ts';
import type { SafeEmitter } from './safe-emitter.ts';
import type { Stats } from './stats.ts';
import { TransferHandle } from './transfer.ts';
import type { AbortSignalLike, Transfer } from './transfer.ts';
import type { Transport } from './transport.ts';

/** How one message is sent. */
export interface SendOptions {
  /** Messages of one channel arrive in the order sent; channels do not wait for each other. Default `''`. */
  readonly channel?: string | undefined;
  /** Beside messages of other channels; the words are those of `fetch`. Default `'auto'`. */
  readonly priority?: Priority | undefined;
  /** Any JSON value that tells the peer about the message; with the channel's name at most 2 KiB. */
  readonly meta?: unknown;
  /** Aborts the transfer. */
  readonly signal?: AbortSignalLike | undefined;
}

/** What happens to messages in doubt when the peer has lost the session. */
export type SessionLossPolicy = 'resend' | 'reject';

/** What the port needs of the client's socket or the server's session around it. */
export interface PortOwner {
  readonly emitter: SafeEmitter<SessionEvents>;
  readonly clock: Clock;
  /** Bytes kept in memory for messages that are not delivered. */
  readonly maxBufferedBytes: number;
  readonly binaryType: 'arraybuffer' | 'uint8array';
  readonly report: (error: unknown) => void;
  /** An effect that is not about a message. */
  handleEffect(effect: Effect): void;
}

const PRIORITIES: readonly string[] = ['high', 'auto', 'low'];

type Counters = { -readonly [Name in keyof LinkCounters]: number };

/**
 * Runs one {@link Session} at a time: feeds it, performs its effects, arms its one timer, writes its packets to the
 * current transport and hands its messages to the listeners. Both ends of the wire use it; they differ in how they come
 * by transports.
 */
export class SessionPort {
  #session: Session;
  readonly #owner: PortOwner;
  #transport: Transport | undefined;
  readonly #transfers = new Map<OutgoingMessage, TransferHandle>();
  /** Messages that wait for the next session, since this one is about to end. */
  #held: OutgoingMessage[] | undefined;
  #closed: ClosedError | undefined;
  #isFlushing = false;
  #isScheduled = false;
  #isStale = false;
  #stopTimer: (() => void) | undefined;
  #timerAtMs = Infinity;
  #wasBuffered = false;
  #connections = 0;
  readonly #past: Counters = { sentBytes: 0, sentPackets: 0, resentBytes: 0, receivedBytes: 0, receivedPackets: 0 };

  constructor(owner: PortOwner, makeSession: (wake: () => void) => Session) {
    this.#owner = owner;
    this.#session = makeSession(this.schedule);
    owner.emitter.onListen = (name) => {
      if (name === 'message') this.schedule();
    };
  }

  get session(): Session {
    return this.#session;
  }

  /** Bytes of payload not acknowledged, waiting ones included. */
  get bufferedBytes(): number {
    const held = this.#held?.reduce((sum, message) => sum + (message.init.source.totalBytes ?? 0), 0) ?? 0;
    return this.#session.bufferedBytes + held;
  }

  send(data: SendData, options: SendOptions = {}): Transfer {
    const { channel = '', priority = 'auto', meta, signal } = options;
    if (!PRIORITIES.includes(priority)) {
      throw new OptionError('priority', priority, 'high, auto or low');
    }
    const describingBytes = encodeFields({ name: channel, meta }).length - 4;
    if (describingBytes > MAX_NAME_AND_META_BYTES) {
      throw new OptionError('meta', `${describingBytes} bytes`, `at most ${MAX_NAME_AND_META_BYTES} with the channel`);
    }
    const { source, isText } = toSource(data);
    const message = new OutgoingMessage({ source, isText, channel, priority, meta });
    const handle = new TransferHandle(message, this.#owner.report, (error) => {
      this.#abort(handle.message, error);
    });
    const refusal = this.#refusal(source.heldBytes, signal);
    if (refusal !== undefined) {
      source.release();
      handle.fail(refusal);
      return handle;
    }
    this.#transfers.set(message, handle);
    if (signal !== undefined) handle.follow(signal);
    if (this.#held === undefined) this.#session.send(message);
    else this.#held.push(message);
    this.#wasBuffered = true;
    this.schedule();
    return handle;
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
    this.#closed ??= error;
  }

  /** The session is about to end in order: what it has not started, and what is sent from now on, waits for the next. */
  hold(): void {
    this.#held = this.#session.withdraw();
  }

  /** The session is over, and so is this port: fails all that is left. */
  end(error: ClosedError): void {
    this.stopTaking(error);
    this.#retire();
    for (const message of [...this.#session.end(), ...(this.#held ?? [])]) this.#fail(message, error);
    this.#held = undefined;
    this.flush();
  }

  /**
   * The session is over, and `makeSession` makes the next: carries over what the peer cannot have, and by `policy` what
   * it may have.
   */
  replace(makeSession: (wake: () => void) => Session, policy: SessionLossPolicy): void {
    this.#retire();
    const old = this.#session;
    const unsettled = old.end();
    const held = this.#held ?? [];
    this.#held = undefined;
    // Effects of the old session, deliveries above all, come before anything of the new one.
    this.flush();
    this.#session = makeSession(this.schedule);
    for (const message of [...unsettled, ...held]) this.#carry(message, old.id, policy);
    this.schedule();
  }

  /** Runs at the end of this task, so that everything sent in one task shares packets. */
  readonly schedule = (): void => {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void Promise.resolve().then(() => {
      this.#isScheduled = false;
      this.flush();
    });
  };

  /** Hands out what has come, performs what is due, writes what can be written. */
  flush(): void {
    this.#isStale = true;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#isStale) {
      this.#isStale = false;
      this.#deliver();
      for (const effect of this.#session.takeEffects()) this.#perform(effect);
      this.#write();
    }
    this.#isFlushing = false;
    const isBuffered = this.bufferedBytes > 0;
    if (this.#wasBuffered && !isBuffered && this.#transfers.size === 0) {
      this.#wasBuffered = false;
      this.#owner.emitter.emit('drain', { bufferedBytes: 0 });
    }
    this.#arm();
  }

  stats(): Stats {
    const { link } = this.#session;
    const { counters, learner, path } = link;
    const past = this.#past;
    return {
      sentBytes: past.sentBytes + counters.sentBytes,
      sentPackets: past.sentPackets + counters.sentPackets,
      resentBytes: past.resentBytes + counters.resentBytes,
      receivedBytes: past.receivedBytes + counters.receivedBytes,
      receivedPackets: past.receivedPackets + counters.receivedPackets,
      connections: this.#connections,
      bufferedBytes: this.bufferedBytes,
      inFlightBytes: link.inFlightBytes,
      windowBytes: link.windowBytes,
      rttMs: path.rttMs,
      bytesPerSecond: path.rate * 1000,
      limitBytes: learner.limit,
      limitFloorBytes: learner.floor,
      limitCeilingBytes: learner.ceiling,
    };
  }

  #refusal(bytes: number, signal: AbortSignalLike | undefined): Error | undefined {
    if (this.#closed !== undefined) return this.#closed;
    if (signal?.aborted === true) return new AbortedError(signal.reason);
    const { maxBufferedBytes } = this.#owner;
    const heldBytes = this.#session.heldBytes + (this.#held ?? []).reduce((sum, m) => sum + m.init.source.heldBytes, 0);
    return heldBytes > 0 && heldBytes + bytes > maxBufferedBytes
      ? new BufferFullError(bytes, heldBytes, maxBufferedBytes)
      : undefined;
  }

  #abort(message: OutgoingMessage, error: AbortedError): void {
    if (this.#held?.includes(message) === true) {
      this.#held = this.#held.filter((other) => other !== message);
      this.#fail(message, error);
    } else {
      this.#session.abort(message, error);
      this.schedule();
    }
  }

  #fail(message: OutgoingMessage, error: Error): void {
    message.init.source.release();
    this.#transfers.get(message)?.fail(error);
    this.#transfers.delete(message);
  }

  #carry(message: OutgoingMessage, sessionId: string, policy: SessionLossPolicy): void {
    const { init, state, channelNumber, ordinal } = message;
    const handle = this.#transfers.get(message);
    this.#transfers.delete(message);
    if (handle === undefined) return;
    const isInDoubt = state === 'started' || state === 'written';
    if (isInDoubt && (policy === 'reject' || !init.source.restart())) {
      init.source.release();
      handle.fail(new SessionLostError());
      return;
    }
    const copy = new OutgoingMessage(init);
    copy.origin = message.origin;
    if (isInDoubt) {
      const mark = state === 'written' || message.origin?.mark === 'whole' ? 'whole' : 'partial';
      // Always the identity of the first sending: it is what a receiver has seen, if anything.
      const {
        channel,
        ordinal: first,
        session,
      } = message.origin ?? { channel: channelNumber, ordinal, session: sessionId };
      copy.origin = { mark, channel, ordinal: first, session };
    }
    handle.state = 'queued';
    handle.message = copy;
    this.#transfers.set(copy, handle);
    if (this.#closed === undefined) this.#session.send(copy);
    else this.#fail(copy, this.#closed);
  }

  #retire(): void {
    const { counters } = this.#session.link;
    for (const name of Object.keys(counters) as (keyof Counters)[]) this.#past[name] += counters[name];
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#timerAtMs = Infinity;
  }

  #deliver(): void {
    const { emitter, binaryType } = this.#owner;
    // Whoever is closing and does not listen still owes the peer its credit.
    const isDeaf = !emitter.has('message');
    if (isDeaf && this.#session.state.kind !== 'closing') return;
    for (let message = this.#session.nextMessage(); message; message = this.#session.nextMessage()) {
      const { data, channel, meta, origin } = message;
      const isRaw = typeof data === 'string' || binaryType === 'uint8array';
      emitter.emit('message', { data: isRaw ? data : data.buffer, channel, meta, possibleDuplicateOf: origin });
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'progress':
        this.#transfers.get(effect.message)?.progressed(effect.message.ackedBytes, this.#owner.clock.now());
        break;
      case 'delivered':
        this.#transfers.get(effect.message)?.succeed(effect.message.ackedBytes);
        this.#transfers.delete(effect.message);
        break;
      case 'failed':
        this.#fail(effect.message, effect.error);
        break;
      case 'limit': {
        const { from, to, cause } = effect;
        this.#owner.emitter.emit('limit', { fromBytes: from, toBytes: to, cause });
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
    const transport = this.#transport;
    if (transport === undefined) return;
    const nowMs = this.#owner.clock.now();
    for (let packet = this.#session.nextPacket(nowMs); packet; packet = this.#session.nextPacket(nowMs)) {
      transport.send(packet);
    }
  }

  #arm(): void {
    const { clock } = this.#owner;
    const { deadlineMs } = this.#session;
    if (deadlineMs === this.#timerAtMs) return;
    this.#stopTimer?.();
    this.#timerAtMs = deadlineMs;
    this.#stopTimer =
      deadlineMs === Infinity
        ? undefined
        : clock.setTimer(Math.max(0, deadlineMs - clock.now()), () => {
            this.#timerAtMs = Infinity;
            this.#session.tick(clock.now(), this.#transport?.bufferedBytes ?? 0);
            this.flush();
          });
  }
}
