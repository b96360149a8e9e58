import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import { ClosedError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { CancelCode } from '../protocol/frame.ts';
import { decodePacket } from '../protocol/packet.ts';
import type { Refused, Terms } from '../protocol/terms.ts';
import type { ViolationName } from '../protocol/violation.ts';
import type { Effect } from './effect.ts';
import { LimitLearner } from './link/limit-learner.ts';
import type { PathLimit } from './link/limit-learner.ts';
import { Link } from './link/link.ts';
import type { LinkLoss } from './link/link.ts';
import { StallWatch } from './link/stall-watch.ts';
import type { IncomingMessage } from './mux/incoming-message.ts';
import type { ControlQueue } from './mux/control-queue.ts';
import { Mux } from './mux/mux.ts';
import type { MuxHost } from './mux/mux.ts';
import type { MuxReceiver } from './mux/receiver.ts';
import type { OutgoingMessage } from './mux/outgoing-message.ts';
import type { WholeMessage } from './mux/whole-message.ts';
import type { SessionState } from './session-state.ts';

const RETRY_BYTES = 1024 * 1024;
const OPENING: SessionState = { kind: 'opening' };
const OPEN: SessionState = { kind: 'open' };

/** What a session is made with. Both sides make the same; only the acceptor may send LIMIT and GOAWAY. */
export interface SessionConfig {
  readonly id: string;
  readonly isAcceptor: boolean;
  /** What we take. */
  readonly terms: Terms;
  /** Bytes of the largest message that is taken in one piece; larger ones only as they come. */
  readonly maxWholeBytes: number;
  /** Our own upper bound of packets sent, in bytes. */
  readonly maxPacketBytes: number;
  /** Size to start from on a path of which nothing is remembered, in bytes. */
  readonly startPacketBytes: number;
  readonly remembered: PathLimit | undefined;
  /** Silence after which the peer is asked for a sign of life, in ms; 0 for never. */
  readonly heartbeatMs: number;
  /** Called when a source has more to send, outside of any call to the session. */
  readonly wake: () => void;
}

/** The counts that HELLO and WELCOME carry. */
export interface LinkCounts {
  readonly received: number;
  readonly streamEnd: number;
}

/** What the peer's HELLO or WELCOME says that matters to the engine. */
export interface PeerHandshake extends Terms, LinkCounts {
  readonly refused?: Refused | undefined;
}

/**
 * The engine of one session, the same on both sides: no sockets, no timers, no clock. Inputs are method calls with the
 * time where it matters; what it wants done is in {@link takeEffects}, what it wants written in {@link nextPacket}, and
 * when it wants to be called again in {@link deadlineMs}. The driver asks for all three after each input.
 *
 * Nothing that a peer sends makes a method throw: a violation ends the session with an effect.
 */
export class Session implements MuxHost {
  readonly id: string;
  readonly terms: Terms;
  readonly link: Link;
  readonly #mux: Mux;
  readonly isAcceptor: boolean;
  readonly #maxPacketBytes: number;
  readonly #stall: StallWatch;
  readonly #effects: Effect[] = [];
  #state: SessionState = OPENING;
  /** We refused a packet of the peer on the last connection: told in each handshake until one is complete. */
  #refused: Refused | undefined;
  #peer: Terms | undefined;
  #isStallTold = false;
  /** Time of the last packet. */
  #nowMs = 0;

  constructor(config: SessionConfig) {
    this.id = config.id;
    this.terms = config.terms;
    this.isAcceptor = config.isAcceptor;
    this.#maxPacketBytes = config.maxPacketBytes;
    this.#stall = new StallWatch(config.heartbeatMs);
    this.#mux = new Mux(config.terms, config.maxWholeBytes, this, this.#effects, config.wake);
    const { maxPacketBytes, startPacketBytes, remembered, isAcceptor } = config;
    const retryBytes = isAcceptor ? RETRY_BYTES : RETRY_BYTES * 1.5;
    const learner = new LimitLearner(maxPacketBytes, startPacketBytes, remembered, retryBytes);
    this.link = new Link(this.#mux, learner);
    learner.onChange = (from, to, cause) => {
      this.#effects.push({ kind: 'limit', from, to, cause });
      if (this.isAcceptor && this.#state.kind !== 'ended') this.#tellLimit();
    };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** This side has begun to close, and the end has not come. */
  get hasClosed(): boolean {
    const state = this.#state;
    return state.kind === 'closing' && !state.isAnswer;
  }

  get control(): ControlQueue {
    return this.#mux.sender.control;
  }

  raiseBarrier(): void {
    this.link.raiseBarrier(this.control.bytes);
  }

  /** What the peer takes, once it has said so. */
  get peerTerms(): Terms | undefined {
    return this.#peer;
  }

  /** Bytes of messages kept in memory until the peer holds them. */
  get heldBytes(): number {
    return this.#mux.sender.heldBytes;
  }

  /** Bytes of payload not acknowledged yet, waiting ones included. */
  get bufferedBytes(): number {
    return this.#mux.sender.bufferedBytes;
  }

  /** The session has been up, or a byte was written to a connection: a peer without the session has lost something. */
  get isExpected(): boolean {
    return this.#peer !== undefined || this.link.streamEnd > 0;
  }

  /** Bytes of the peer's stream that a tombstone may say are delivered. */
  get lastReceived(): number {
    return this.link.lastReceived;
  }

  /** When {@link tick} wants to be called, in ms of the caller's clock. */
  get deadlineMs(): number {
    // What came of writing is to be taken, too.
    if (this.#effects.length > 0) return 0;
    if (this.#state.kind === 'ended') return Infinity;
    const drainMs = this.#state.kind === 'closing' ? this.#state.deadlineMs : Infinity;
    return Math.min(this.link.deadlineMs, this.#stall.deadlineMs, drainMs, this.#mux.sender.expiryMs);
  }

  /** Counts for a HELLO or WELCOME on a new connection. Detaches every older one: nothing of it counts any more. */
  counts(): LinkCounts & { refused: Refused | undefined } {
    // The peer comes anew before we have heard of a loss: a packet too big may be why, and its close still on the way.
    this.detached(this.link.isAttached ? { code: CloseCode.abnormal } : undefined);
    // Control frames that wait come before any DATA, so their end in the stream is known.
    const streamEnd = this.link.streamEnd + this.control.bytes;
    this.link.stated(streamEnd);
    this.#mux.receiver.endTurn();
    return { received: this.link.received, streamEnd, refused: this.#refused };
  }

  /** HELLO of the session's very first connection went out: a little data may follow it at once. */
  openEarly(): void {
    this.link.openEarly();
  }

  /** The peer's HELLO or WELCOME was accepted: the connection whose counts were stated last is up. */
  attached(peer: PeerHandshake, nowMs: number): void {
    if (this.#state.kind === 'ended') return;
    if (this.#state.kind === 'opening') this.#state = OPEN;
    if (this.#peer === undefined) {
      this.#peer = peer;
      this.#mux.sender.setPeer(peer);
    }
    const { learner } = this.link;
    learner.setCap(Math.min(this.#maxPacketBytes, peer.maxPacketBytes));
    const problem = this.link.attach(peer.received, peer.streamEnd, peer.refused?.maxPacketBytes);
    if (peer.refused !== undefined) learner.refused(peer.refused.maxPacketBytes);
    this.#isStallTold = false;
    if (problem === 'limit-too-small') {
      this.#break({ kind: 'limit-too-small', trail: learner.trail });
    } else if (problem === undefined) {
      // Until it has heard of us, the acceptor does not know that WELCOME came.
      if (!this.isAcceptor) this.link.greet();
      this.#stall.start(nowMs);
      this.#update(nowMs);
    } else {
      this.#violated(problem);
    }
  }

  /**
   * The connection is gone.
   *
   * @param loss - undefined when it says nothing about the path (a newer connection takes its place)
   * @returns whether something may have been learned, so that it is worth coming back at once
   */
  detached(loss: LinkLoss | undefined): boolean {
    this.#stall.stop();
    const isWorthIt = this.link.detach(loss);
    this.link.rest();
    return isWorthIt;
  }

  /** We refused a packet of the peer ourselves, since it was over `maxPacketBytes`. */
  noteRefused(maxPacketBytes: number): void {
    this.#refused = { maxPacketBytes };
  }

  /** A binary message of the current connection, after HELLO and WELCOME. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#state.kind === 'ended' || !this.link.isAttached) return;
    this.#nowMs = nowMs;
    this.#refused = undefined;
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') {
      this.#violated(packet);
      return;
    }
    if (packet.kind !== 'stream') {
      this.#violated(packet.kind === 'hello' ? 'unexpected-hello' : 'unexpected-welcome');
      return;
    }
    const { acked } = this.link;
    this.#stall.heard();
    const problem = this.link.receive(packet, nowMs);
    if (this.link.acked > acked) this.#stall.advanced();
    if (problem === undefined) this.#update(nowMs);
    else if (problem === 'gap') this.#stalled();
    else this.#violated(problem);
  }

  /** The peer broke a rule that only the driver can see (a text message, say). */
  fail(violation: ViolationName): void {
    if (this.#state.kind !== 'ended') this.#violated(violation);
  }

  /** Takes a message; one that comes after {@link close}, or the peer's, fails. */
  send(message: OutgoingMessage): void {
    const { sender } = this.#mux;
    sender.send(message);
    const state = this.#state;
    if (state.kind === 'closing') sender.cancel(message, CancelCode.closing, new ClosedError(state.code, state.reason));
  }

  /** Gives a message up. Too late once the peer holds it. */
  abort(message: OutgoingMessage, error: ChunkSocketError): void {
    if (this.#state.kind !== 'ended') this.#mux.sender.cancel(message, CancelCode.aborted, error);
  }

  /** The next whole message for the application, if there is one. */
  nextMessage(): WholeMessage | undefined {
    return this.#mux.receiver.next();
  }

  /** The message is read as it comes ({@link MuxReceiver.read}), up to `maxBytes` in all. */
  stream(message: IncomingMessage, maxBytes?: number): void {
    const violation = this.receiver.stream(message, maxBytes);
    if (violation !== undefined) this.fail(violation);
  }

  /** For messages that are taken before they are whole. */
  get receiver(): MuxReceiver {
    return this.#mux.receiver;
  }

  /** The next packet to write on the current connection; call until it returns undefined. */
  nextPacket(nowMs: number): Uint8Array | undefined {
    if (this.#state.kind === 'ended') return undefined;
    this.#mux.receiver.endTurn();
    // Writing the last message makes room for CLOSE.
    this.#update(nowMs);
    return this.link.nextPacket(nowMs);
  }

  /** Time has passed. */
  tick(nowMs: number, bufferedBytes: number): void {
    const { link } = this;
    if (link.isAttached && nowMs >= this.#stall.deadlineMs) {
      link.rest();
      const { inFlightBytes } = link;
      const verdict = this.#stall.check(nowMs, { inFlightBytes, bufferedBytes, rate: link.path.rate });
      if (verdict !== 'fine') link.probe();
      if (verdict === 'stalled') this.#stalled();
    }
    this.#update(nowMs);
  }

  /**
   * Starts to close: finishes what was sent, then says so. Messages still to be started are failed when the peer closed
   * first. A second call can only bring the deadline forward.
   */
  close(code: number, reason: string, drainMs: number, nowMs: number): void {
    const state = this.#state;
    const deadlineMs = nowMs + drainMs;
    if (state.kind === 'ended') return;
    if (state.kind === 'closing') {
      if (state.deadlineMs < Infinity) state.deadlineMs = Math.min(state.deadlineMs, deadlineMs);
      state.drainMs = Math.min(state.drainMs, drainMs);
      return;
    }
    this.#state = { kind: 'closing', code, reason, drainMs, deadlineMs, isAnswer: false, isSaid: false };
    this.#update(nowMs);
  }

  /** Takes back what was not started, for another session to send. */
  withdraw(): OutgoingMessage[] {
    return this.#mux.sender.withdraw();
  }

  /** Acceptor only: tells the peer to finish and come back to another session within `deadlineMs`. */
  goAway(deadlineMs: number): void {
    if (this.#state.kind === 'opening' || this.#state.kind === 'open') {
      this.control.push({ type: 'goaway', deadlineMs });
    }
  }

  /** The session is over. Takes back what is not settled. */
  end(): OutgoingMessage[] {
    this.detached(undefined);
    this.#state = { kind: 'ended' };
    this.#mux.receiver.abandon('the session is over');
    return this.#mux.sender.abandon();
  }

  /** The peer had this much of our stream when it forgot the session: settles what that covers. */
  settleLast(received: number): void {
    this.#mux.sender.settle(Math.min(received, this.link.streamEnd));
  }

  takeEffects(): Effect[] {
    return this.#effects.splice(0);
  }

  /** The connection is of no use any more: the session goes on with another one. */
  #stalled(): void {
    if (!this.#isStallTold) this.#effects.push({ kind: 'stalled' });
    this.#isStallTold = true;
  }

  #violated(name: ViolationName): void {
    this.#break({ kind: 'violation', name });
  }

  /** Over at once; what is not settled stays for {@link end} to give back. */
  #break(effect: Effect): void {
    this.detached(undefined);
    this.#state = { kind: 'ended' };
    this.#effects.push(effect);
  }

  #tellLimit(): void {
    const { floor, ceiling } = this.link.learner.memory;
    this.control.push({ type: 'limit', floor, ceiling });
  }

  peerClosed({ code, drainMs, reason }: { code: number; drainMs: number; reason: string }): void {
    const peer = { code, reason };
    if (this.#state.kind === 'closing') {
      this.#state = { ...this.#state, peer };
    } else if (this.#state.kind === 'open') {
      this.#mux.sender.cancelQueued(new ClosedError(code, reason));
      const deadlineMs = this.#nowMs + drainMs;
      this.#state = { kind: 'closing', code, reason, drainMs, deadlineMs, isAnswer: true, isSaid: false, peer };
    }
    this.#effects.push({ kind: 'peer-close', code, reason });
  }

  /** Closing goes on by itself: CLOSE follows the last message, and the end follows the last acknowledgement. */
  #update(nowMs: number): void {
    this.#mux.sender.expire(nowMs);
    const state = this.#state;
    // After a wait in vain there is nothing left to say.
    if (state.kind !== 'closing' || state.deadlineMs === Infinity) return;
    const { sender } = this.#mux;
    if (nowMs >= state.deadlineMs) {
      if (!state.isAnswer || state.isSaid) {
        this.#effects.push({ kind: 'drain-timeout' });
        state.deadlineMs = Infinity;
        return;
      }
      // We answer a close, and its sender waits no longer: what is under way is given up, then we say so.
      sender.cancelAll(new ClosedError(state.code, state.reason));
      state.deadlineMs = nowMs + state.drainMs;
    }
    if (!state.isSaid && sender.isWritten && this.#peer !== undefined) {
      state.isSaid = true;
      // A peer that answers takes a little longer than we would wait: leave it a quarter.
      const drainMs = Math.max(0, Math.floor((state.deadlineMs - nowMs) * 0.75));
      sender.control.push({ type: 'close', code: state.code, drainMs, reason: state.reason });
    }
    const isQuiet = this.link.isQuiet && sender.control.bytes === 0;
    if (state.isSaid && state.peer !== undefined && isQuiet && !state.isFinished) {
      state.isFinished = true;
      this.#effects.push({ kind: 'finished' });
    }
  }
}
