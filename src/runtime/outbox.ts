import type { ClosedError } from '../errors/session-errors.ts';
import { AbortedError, BufferFullError, SessionLostError } from '../errors/transfer-errors.ts';
import { OutgoingMessage } from '../session/mux/outgoing-message.ts';
import type { Source } from '../session/mux/source.ts';
import { channelStats } from './channel-stats.ts';
import type { ChannelStats } from './channel-stats.ts';
import type { MessageSink } from './message-sink.ts';
import type { PortOwner } from './port-owner.ts';
import { readSendOptions } from './send-options.ts';
import type { SendOptions } from './send-options.ts';
import { TransferHandle } from './transfer.ts';
import type { Transfer, TransferHost } from './transfer.ts';

/** What a message costs in memory however small it is, beyond the first few. */
const MIN_HELD_BYTES = 512;
const FREE_MESSAGES = 64;

interface Gate {
  readonly promise: Promise<void>;
  readonly open: () => void;
  readonly fail: (error: Error) => void;
}

/** What the outbox needs of those around it. */
export type OutboxOwner = Pick<PortOwner, 'emitter' | 'clock' | 'maxBufferedBytes' | 'onSessionLost' | 'failed'>;

/** The messages on their way out, whatever session they are in: from `send` until each is settled. */
export class Outbox implements TransferHost {
  /** The session, or its like, that sends what comes from now on. */
  sink: MessageSink;
  readonly #owner: OutboxOwner;
  #wake: () => void;
  /** Made for the first. */
  #transfers: Map<OutgoingMessage, TransferHandle> | undefined;
  /** Messages that wait for the next session, since this one is about to end. */
  #held: Set<OutgoingMessage> | undefined;
  #closed: ClosedError | undefined;
  #wasBuffered = false;
  /** Somebody waits for room. */
  #gate: Gate | undefined;

  constructor(owner: OutboxOwner, sink: MessageSink, wake: () => void) {
    this.#owner = owner;
    this.sink = sink;
    this.#wake = wake;
  }

  /** Nothing is taken any more. */
  get closed(): ClosedError | undefined {
    return this.#closed;
  }

  /** Bytes of payload not acknowledged, waiting ones included. */
  get bufferedBytes(): number {
    return this.sink.bufferedBytes + this.#sumHeld('totalBytes');
  }

  /** What waits on each channel. */
  get channels(): ChannelStats[] {
    return channelStats(this.#transfers?.keys() ?? [], this.#held);
  }

  /** Fulfilled while at most half of what may be kept in memory is. */
  get ready(): Promise<void> {
    this.#gate ??= this.#newGate();
    const { promise } = this.#gate;
    this.#openGate();
    return promise;
  }

  get report(): (error: unknown) => void {
    return this.#owner.emitter.report;
  }

  send(makeSource: () => Source, options: SendOptions): Transfer {
    const { channel, priority, meta, expiresAtMs } = readSendOptions(options, this.#owner.clock);
    const source = makeSource();
    const { signal } = options;
    const message = new OutgoingMessage({ source, channel, priority, meta, expiresAtMs });
    const handle = new TransferHandle(message, this, signal);
    (this.#transfers ??= new Map()).set(message, handle);
    const refusal =
      this.#closed ?? (signal?.aborted === true ? new AbortedError(signal.reason) : this.#refusal(source));
    if (refusal === undefined) {
      this.#wasBuffered = true;
      if (this.#held === undefined) this.sink.send(message);
      else this.#held.add(message);
      this.#wake();
    } else {
      this.settle(message, refusal);
    }
    return handle;
  }

  /** From here on nothing is taken: every transfer fails with `error`. */
  stopTaking(error: ClosedError): void {
    this.#closed ??= error;
    this.#gate?.fail(error);
  }

  /** The session is about to end in order: what it has not started, and what is sent from now on, waits for the next. */
  hold(): void {
    this.#held ??= new Set();
    for (const message of this.sink.withdraw()) this.#held.add(message);
  }

  /** Ends the session, and takes back what is not settled. */
  takeBack(): OutgoingMessage[] {
    const left = [...this.sink.end(), ...(this.#held ?? [])];
    this.#held = undefined;
    return left;
  }

  /** Gives a message of a session that is over to the present one, if it may be sent again. */
  carry(message: OutgoingMessage, sessionId: string): void {
    const { init, state, channelNumber, ordinal, origin } = message;
    const handle = this.#transfers?.get(message);
    if (handle === undefined) return;
    const isInDoubt = state === 'started' || state === 'written';
    if (isInDoubt && (this.#owner.onSessionLost === 'reject' || !init.source.restart())) {
      this.settle(message, new SessionLostError());
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
    handle.message = copy;
    this.#transfers?.delete(message);
    this.#transfers?.set(copy, handle);
    this.sink.send(copy);
  }

  /** From here on `sink` sends, also what nobody has begun to send. */
  moveTo(sink: MessageSink, wake: () => void): void {
    const left = this.takeBack();
    this.sink = sink;
    this.#wake = wake;
    for (const message of left) this.carry(message, '');
    wake();
  }

  /** The message is delivered, or has failed. */
  settle(message: OutgoingMessage, error?: Error): void {
    if (error !== undefined) {
      const { source } = message.init;
      const { totalBytes = 0 } = source;
      source.release();
      this.#owner.failed?.(error, Math.max(0, totalBytes - message.ackedBytes));
    }
    this.#transfers?.get(message)?.settle(error);
    this.#transfers?.delete(message);
  }

  progressed(message: OutgoingMessage): void {
    this.#transfers?.get(message)?.progressed(this.#owner.clock.now());
  }

  /** Tells those who wait for room, or for the end of everything. */
  update(): void {
    this.#openGate();
    if (this.#wasBuffered && this.#transfers?.size === 0 && this.bufferedBytes === 0) {
      this.#wasBuffered = false;
      this.#owner.emitter.emit('drain', { bufferedBytes: 0 });
    }
  }

  #openGate(): void {
    if (this.#gate === undefined || this.#heldBytes() * 2 > this.#owner.maxBufferedBytes) return;
    this.#gate.open();
    this.#gate = undefined;
  }

  #newGate(): Gate {
    let gate: Partial<Gate> = {};
    const promise = new Promise<void>((open, fail) => {
      gate = { open, fail };
    });
    // Whoever does not care need not catch.
    promise.catch(() => undefined);
    if (this.#closed !== undefined) gate.fail?.(this.#closed);
    return { ...gate, promise } as Gate;
  }

  #sumHeld(name: 'totalBytes' | 'heldBytes'): number {
    if (this.#held === undefined) return 0;
    let sum = 0;
    for (const { init } of this.#held) sum += init.source[name] ?? 0;
    return sum;
  }

  #heldBytes(): number {
    return Math.max(
      this.sink.heldBytes + this.#sumHeld('heldBytes'),
      ((this.#transfers?.size ?? 0) - FREE_MESSAGES) * MIN_HELD_BYTES,
    );
  }

  #refusal({ heldBytes: bytes }: Source): BufferFullError | undefined {
    const { maxBufferedBytes } = this.#owner;
    const heldBytes = this.#heldBytes();
    return heldBytes > 0 && heldBytes + bytes > maxBufferedBytes
      ? new BufferFullError(bytes, heldBytes, maxBufferedBytes)
      : undefined;
  }

  abort(message: OutgoingMessage, error: AbortedError): void {
    if (this.#held?.delete(message) === true) this.settle(message, error);
    else this.sink.abort(message, error);
    this.#wake();
  }
}
