import type { ClosedError } from '../errors/session-errors.ts';
import { AbortedError, BufferFullError, SessionLostError } from '../errors/transfer-errors.ts';
import { OptionError } from '../errors/session-errors.ts';
import { MAX_NAME_AND_META_BYTES } from '../protocol/limits.ts';
import { decodeText, encodeText } from '../protocol/text.ts';
import type { Effect } from '../session/effect.ts';
import type { IncomingMessage } from '../session/mux/incoming-message.ts';
import { OutgoingMessage } from '../session/mux/outgoing-message.ts';
import type { Priority } from '../session/mux/outgoing-message.ts';
import type { LinkCounters } from '../session/link/link.ts';
import { Queue } from '../session/queue.ts';
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

/** An effect that is not about a message. */
export type SessionEffect = Exclude<Effect, { message: OutgoingMessage }>;

/** What the port needs of the client's socket or the server's session around it. */
export interface PortOwner {
  readonly emitter: SafeEmitter<SessionEvents>;
  readonly clock: Clock;
  /** Bytes kept in memory for messages that are not delivered. */
  readonly maxBufferedBytes: number;
  readonly binaryType: 'arraybuffer' | 'uint8array';
  /** What {@link SessionPort.replace} does with messages in doubt. */
  readonly onSessionLost?: SessionLossPolicy;
  handleEffect(effect: SessionEffect): void;
}

/** What a message costs in memory however small it is, beyond the first few. */
const MIN_HELD_BYTES = 512;
const FREE_MESSAGES = 64;

const PRIORITIES: readonly string[] = ['high', 'auto', 'low'];

/**
 * Runs one {@link Session} at a time: feeds it, performs its effects, arms its one timer, writes its packets to the
 * current transport and hands its messages to the listeners. Both ends of the wire use it; they differ in how they come
 * by transports.
 */
export class SessionPort {
  #session: Session;
  readonly #owner: PortOwner;
  readonly #makeSession: (wake: () => void) => Session;
  #transport: Transport | undefined;
  readonly #transfers = new Map<OutgoingMessage, TransferHandle>();
  /** Messages that wait for the next session, since this one is about to end. */
  #held: Set<OutgoingMessage> | undefined;
  #closed: ClosedError | undefined;
  #isOver = false;
  /** Messages of earlier sessions that nobody has listened for yet. */
  readonly #kept = new Queue<IncomingMessage>();
  #keptBytes = 0;
  #isFlushing = false;
  #isScheduled = false;
  #isStale = false;
  #stopTimer: (() => void) | undefined;
  #timerAtMs = Infinity;
  #wasBuffered = false;
  #connections = 0;
  /** Counted by earlier sessions. */
  #past: Partial<LinkCounters> = {};

  constructor(owner: PortOwner, makeSession: (wake: () => void) => Session) {
    this.#owner = owner;
    this.#makeSession = makeSession;
    this.#session = makeSession(this.schedule);
    owner.emitter.onListen = this.schedule;
  }

  get session(): Session {
    return this.#session;
  }

  /** Bytes of payload not acknowledged, waiting ones included. */
  get bufferedBytes(): number {
    return this.#session.bufferedBytes + this.#sumHeld('totalBytes');
  }

  send(data: SendData, options: SendOptions = {}): Transfer {
    const { channel: name = '', priority = 'auto', meta, signal } = options;
    if (typeof name !== 'string') throw new OptionError('channel', name, 'a string');
    // As it arrives: two names that differ only in lone surrogates are one.
    const channel = decodeText(encodeText(name)) ?? '';
    if (!PRIORITIES.includes(priority)) throw new OptionError('priority', priority, PRIORITIES.join(' or '));
    const json = JSON.stringify(meta) as string | undefined;
    const describingBytes = encodeText(channel + (json ?? '')).length;
    if (describingBytes > MAX_NAME_AND_META_BYTES || (json === undefined && meta !== undefined)) {
      const range = `JSON of at most ${MAX_NAME_AND_META_BYTES} with the channel`;
      throw new OptionError('meta', `${describingBytes} bytes`, range);
    }
    const source = toSource(data);
    // A copy, as of the data: the caller may change its own at once.
    const copy: unknown = json && JSON.parse(json);
    const message = new OutgoingMessage({ source, isText: typeof data === 'string', channel, priority, meta: copy });
    const handle = new TransferHandle(message, this.#owner.emitter.report, signal, (error) => {
      this.#abort(handle.message, error);
    });
    this.#transfers.set(message, handle);
    const refusal = this.#refusal(source.heldBytes, signal);
    if (refusal === undefined) {
      this.#wasBuffered = true;
      this.#submit(message);
      this.schedule();
    } else {
      this.#settle(message, refusal);
    }
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
    this.#held ??= new Set();
    for (const message of this.#session.withdraw()) this.#held.add(message);
  }

  /** The session is over, and so is this port: fails all that is left. */
  end(error: ClosedError): void {
    this.stopTaking(error);
    this.#isOver = true;
    for (const message of this.#takeBack()) this.#settle(message, error);
    this.flush();
  }

  /** The session is over, and the next one goes on: with what the peer cannot have, and by policy what it may have. */
  replace(): void {
    const old = this.#session;
    const left = this.#takeBack();
    for (let message = old.nextMessage(); message; message = old.nextMessage()) this.#keep(message);
    this.#past = this.#counters();
    // Before any listener hears of the old session's end: what it sends or aborts is the new one's.
    this.#session = this.#makeSession(this.schedule);
    for (const message of left) this.#carry(message, old.id);
    for (const effect of old.takeEffects()) if ('message' in effect) this.#perform(effect);
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
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#deliver();
        const session = this.#session;
        for (const effect of session.takeEffects()) {
          // An effect may have put another session in place: what the old one wants done is void then.
          if (session === this.#session || 'message' in effect) this.#perform(effect);
        }
        this.#write();
      }
    } finally {
      this.#isFlushing = false;
    }
    if (this.#wasBuffered && this.#transfers.size === 0 && this.bufferedBytes === 0) {
      this.#wasBuffered = false;
      this.#owner.emitter.emit('drain', { bufferedBytes: 0 });
    }
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
    };
  }

  #counters(): LinkCounters {
    const sums = { ...this.#session.link.counters };
    for (const name of Object.keys(sums) as (keyof LinkCounters)[]) sums[name] += this.#past[name] ?? 0;
    return sums;
  }

  #sumHeld(name: 'totalBytes' | 'heldBytes'): number {
    let sum = 0;
    for (const { init } of this.#held ?? []) sum += init.source[name] ?? 0;
    return sum;
  }

  #refusal(bytes: number, signal: AbortSignalLike | undefined): Error | undefined {
    if (this.#closed !== undefined) return this.#closed;
    if (signal?.aborted === true) return new AbortedError(signal.reason);
    const { maxBufferedBytes } = this.#owner;
    const heldBytes = Math.max(
      this.#session.heldBytes + this.#sumHeld('heldBytes'),
      (this.#transfers.size - FREE_MESSAGES) * MIN_HELD_BYTES,
    );
    return heldBytes > 0 && heldBytes + bytes > maxBufferedBytes
      ? new BufferFullError(bytes, heldBytes, maxBufferedBytes)
      : undefined;
  }

  #submit(message: OutgoingMessage): void {
    if (this.#held === undefined) this.#session.send(message);
    else this.#held.add(message);
  }

  #abort(message: OutgoingMessage, error: AbortedError): void {
    if (this.#held?.delete(message) === true) this.#settle(message, error);
    else this.#session.abort(message, error);
    this.schedule();
  }

  /** The message is delivered, or has failed. */
  #settle(message: OutgoingMessage, error?: Error): void {
    if (error !== undefined) message.init.source.release();
    this.#transfers.get(message)?.settle(error);
    this.#transfers.delete(message);
  }

  /** Ends the session, and takes back what is not settled. */
  #takeBack(): OutgoingMessage[] {
    const left = [...this.#session.end(), ...(this.#held ?? [])];
    this.#held = undefined;
    return left;
  }

  #carry(message: OutgoingMessage, sessionId: string): void {
    const { init, state, channelNumber, ordinal, origin } = message;
    const handle = this.#transfers.get(message);
    if (handle === undefined) return;
    const isInDoubt = state === 'started' || state === 'written';
    if (isInDoubt && (this.#owner.onSessionLost === 'reject' || !init.source.restart())) {
      this.#settle(message, new SessionLostError());
      return;
    }
    const copy = new OutgoingMessage(init);
    // Always the identity of the first sending: it is what a receiver has seen, if anything.
    copy.origin = isInDoubt
      ? {
          channel: channelNumber,
          ordinal,
          session: sessionId,
          ...origin,
          mark: state === 'written' || origin?.mark === 'whole' ? 'whole' : 'partial',
        }
      : origin;
    handle.state = 'queued';
    handle.message = copy;
    this.#transfers.delete(message);
    this.#transfers.set(copy, handle);
    this.#session.send(copy);
  }

  /** Keeps a message of a session that is over until somebody listens. */
  #keep(message: IncomingMessage): void {
    const { emitter, maxBufferedBytes } = this.#owner;
    const bytes = message.data.length;
    if (this.#keptBytes + bytes > maxBufferedBytes) {
      emitter.emit('error', { error: new BufferFullError(bytes, this.#keptBytes, maxBufferedBytes) });
      return;
    }
    this.#keptBytes += bytes;
    this.#kept.push(message);
  }

  #next(): IncomingMessage | undefined {
    const message = this.#kept.shift();
    if (message === undefined) return this.#session.nextMessage();
    this.#keptBytes -= message.data.length;
    return message;
  }

  #deliver(): void {
    const { emitter, binaryType } = this.#owner;
    // A listener may leave, or end the session, at any message. Whoever closes and does not listen still owes the peer
    // its credit.
    while (!this.#isOver && (emitter.has('message') || this.#closed !== undefined)) {
      const message = this.#next();
      if (message === undefined) return;
      const { data, channel, meta, origin } = message;
      const isRaw = typeof data === 'string' || binaryType === 'uint8array';
      emitter.emit('message', { data: isRaw ? data : data.buffer, channel, meta, possibleDuplicateOf: origin });
    }
  }

  #perform(effect: Effect): void {
    const { emitter, clock } = this.#owner;
    if (!('message' in effect)) {
      if (effect.kind === 'limit') {
        const { from: fromBytes, to: toBytes, cause } = effect;
        emitter.emit('limit', { fromBytes, toBytes, cause });
      }
      this.#owner.handleEffect(effect);
    } else if (effect.kind === 'progress') {
      this.#transfers.get(effect.message)?.progressed(clock.now());
    } else {
      this.#settle(effect.message, effect.kind === 'failed' ? effect.error : undefined);
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
    if (deadlineMs === Infinity) return;
    this.#stopTimer = clock.setTimer(Math.max(0, deadlineMs - clock.now()), () => {
      this.#timerAtMs = Infinity;
      this.#session.tick(clock.now(), this.#transport?.bufferedBytes ?? 0);
      this.flush();
    });
  }
}
