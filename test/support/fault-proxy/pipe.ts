import type { Socket } from 'node:net';

import { type CloseStatus, decodeCloseBody, encodeCloseFrame } from './close-frame.ts';
import type { Direction } from './direction.ts';
import { CLOSE_OPCODE, type FrameHeader, FrameScanner, type FrameVerdict } from './frame-scanner.ts';
import { MessageMeter, type MessageSoFar } from './message-meter.ts';
import { Outlet } from './outlet.ts';

/**
 * What a rule says to a message: lose it, or forward nothing from here on and then do something. A message of which
 * fragments were forwarded already cannot be lost; then it is a stop, too.
 */
export interface RuleHit {
  readonly kind: 'swallow' | 'stop';
  readonly run: () => void;
}

/** What a connection wants to know of, and to decide about, in one direction. */
export interface PipeHooks {
  /** At the head of each data frame. */
  onFrame(message: MessageSoFar): RuleHit | undefined;
  /** Behind the last byte of each message; what is returned is done once that byte was handed on. */
  onMessageEnd(message: number): (() => void) | undefined;
  /** At a Close frame that would be forwarded: returns what to forward in its place. */
  onClose(status: CloseStatus): CloseStatus | RuleHit;
  /** At a Close frame of an endpoint to which nothing is forwarded any more. */
  onCloseReply(status: CloseStatus): void;
  /** When the sender said FIN, and this is not passed on. */
  onSenderEnd(): void;
}

/** What passed in one direction, counted from the end of the handshake. */
export interface PipeCounters {
  /** Bytes that came from the sender. */
  readonly bytesIn: number;
  /** Bytes handed to the receiver. */
  readonly bytesOut: number;
  /** Complete data messages that came from the sender, forwarded or not. */
  readonly messages: number;
  /** Payload bytes of the biggest of them, as far as it was announced. */
  readonly largestMessageBytes: number;
}

/**
 * One direction of a connection: reads one socket, has the frames looked at, and writes to the other socket, no faster
 * than that takes it.
 *
 * A pipe forwards; or is *finished*: it reads on, but nothing more is forwarded from the next frame on; or is *muted*:
 * nothing is forwarded from the next byte on.
 */
export class Pipe {
  readonly direction: Direction;
  readonly #source: Socket;
  readonly #outlet: Outlet;
  readonly #hooks: PipeHooks;
  readonly #meter: MessageMeter = new MessageMeter();
  readonly #scanner: FrameScanner;
  readonly #holds = new Set<'stall' | 'pressure'>();
  #bytesIn = 0;
  #isStarted = false;
  #isRaw = false;
  #isFinished = false;
  #isMuted = false;
  #isSwallowing = false;
  #hasForwardedFragment = false;
  #atBoundary: (() => void) | undefined;
  #afterScan: (() => void)[] = [];

  constructor(direction: Direction, source: Socket, sink: Socket, hooks: PipeHooks) {
    this.direction = direction;
    this.#source = source;
    this.#hooks = hooks;
    this.#outlet = new Outlet(sink, (isFull) => {
      this.#setHold('pressure', isFull);
    });
    this.#scanner = new FrameScanner({
      header: (header) => this.#judge(header),
      held: (_header, payload, raw) => this.#passClose(decodeCloseBody(payload), raw),
      frameEnd: (header) => {
        this.#handleFrameEnd(header);
      },
    });
  }

  get counters(): PipeCounters {
    return {
      bytesIn: this.#bytesIn,
      bytesOut: this.#outlet.bytesOut,
      messages: this.#meter.completeMessages,
      largestMessageBytes: this.#meter.largestMessageBytes,
    };
  }

  /** The way out: pace, byte positions, stalls. */
  get outlet(): Outlet {
    return this.#outlet;
  }

  /** Begins to read. A raw pipe forwards bytes that are not WebSocket frames. */
  start(isRaw: boolean): void {
    this.#isStarted = true;
    this.#isRaw = isRaw;
    this.#source.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    this.#source.on('end', () => {
      if (this.#isMuted || this.#isFinished) this.#hooks.onSenderEnd();
      else this.#outlet.end('fin');
    });
    this.#source.on('close', (hadError) => {
      if (!this.#isMuted && !this.#isFinished) this.#outlet.end(hadError ? 'rst' : 'fin');
    });
    if (this.#source.destroyed) this.#outlet.end('rst');
    this.#applyHolds();
  }

  /** Stops reading, and handing on, until `resume`. */
  stall(): void {
    this.#outlet.stall();
    this.#setHold('stall', true);
  }

  resume(): void {
    this.#setHold('stall', false);
    this.#outlet.resume();
  }

  /** Reads on and forwards nothing more, from the next byte on. */
  mute(): void {
    this.#isMuted = true;
    this.#atBoundary = undefined;
    this.#outlet.discard();
    this.resume();
  }

  /** Stops reading for good. */
  stopReading(): void {
    this.#setHold('stall', true);
  }

  /** Forwards nothing more from the next frame on, and calls back when that is so. */
  finish(done: () => void): void {
    this.#setHold('stall', false);
    if (this.#isMuted) return;
    if (this.#scanner.isMidFrame && !this.#isRaw) {
      this.#atBoundary = done;
      return;
    }
    this.#isFinished = true;
    done();
  }

  /** Forwards nothing more from the next frame on, and puts a Close frame there. */
  finishWithClose(status: CloseStatus, done: () => void): void {
    this.finish(() => {
      this.#outlet.resume();
      this.#outlet.write(encodeCloseFrame(status, this.direction === 'toServer'));
      done();
    });
  }

  #take(chunk: Buffer): void {
    this.#bytesIn += chunk.length;
    if (this.#isRaw) {
      if (!this.#isMuted) this.#outlet.write(chunk);
      return;
    }
    for (const piece of this.#scanner.scan(chunk)) {
      if (!this.#isMuted) this.#outlet.write(piece);
    }
    const actions = this.#afterScan;
    this.#afterScan = [];
    for (const action of actions) action();
  }

  #judge(header: FrameHeader): FrameVerdict {
    const message = this.#meter.header(header);
    if (header.opcode === CLOSE_OPCODE) return 'hold';
    if (this.#isFinished) return 'drop';
    if (message === undefined) return 'pass';
    if (message.isFirstFrame) this.#isSwallowing = false;
    if (this.#isSwallowing) return 'drop';
    const hit = this.#hooks.onFrame(message);
    if (hit === undefined) {
      this.#hasForwardedFragment = !header.isFinal;
      return 'pass';
    }
    if (hit.kind === 'swallow' && !this.#hasForwardedFragment) this.#isSwallowing = true;
    else this.#stop(hit.run);
    return 'drop';
  }

  #passClose(status: CloseStatus, raw: Buffer): Buffer | undefined {
    if (this.#isFinished || this.#isMuted) {
      this.#hooks.onCloseReply(status);
      return undefined;
    }
    const answer = this.#hooks.onClose(status);
    if (answer === status) return raw;
    if ('run' in answer) {
      this.#stop(answer.run);
      return undefined;
    }
    return encodeCloseFrame(answer, this.direction === 'toServer');
  }

  #handleFrameEnd(header: FrameHeader): void {
    const message = this.#meter.frameEnd(header);
    const wasFinished = this.#isFinished;
    if (this.#atBoundary !== undefined) {
      this.#stop(this.#atBoundary);
      this.#atBoundary = undefined;
    }
    if (message === undefined || wasFinished || this.#isSwallowing) return;
    const action = this.#hooks.onMessageEnd(message);
    if (action !== undefined) this.#stop(action);
  }

  #stop(run: () => void): void {
    this.#isFinished = true;
    this.#afterScan.push(run);
  }

  #setHold(hold: 'stall' | 'pressure', isHeld: boolean): void {
    if (isHeld === this.#holds.has(hold)) return;
    if (isHeld) this.#holds.add(hold);
    else this.#holds.delete(hold);
    this.#applyHolds();
  }

  #applyHolds(): void {
    if (!this.#isStarted) return;
    if (this.#holds.size > 0) this.#source.pause();
    else this.#source.resume();
  }
}
