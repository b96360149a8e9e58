import type { Socket } from 'node:net';

import type { CutKind } from './direction.ts';
import type { Shape } from './rules.ts';
import { resetWhenFlushed } from './socket-ending.ts';

const DEFAULT_BUFFER_BYTES = 262_144;
const UNSHAPED_BUFFER_BYTES = 1_048_576;
const DELAY_BUFFER_BYTES = 16_777_216;
const PIECES_PER_SECOND = 100;
const MS_PER_SECOND = 1_000;

interface Queued {
  bytes: Buffer;
  readonly readyAtMs: number;
  readonly isCounted: boolean;
}

interface ByteTrigger {
  readonly at: number;
  readonly run: () => void;
}

interface Pace {
  readonly delayMs: number;
  readonly pieceBytes: number;
  readonly msPerByte: number;
  readonly bufferBytes: number;
}

const UNSHAPED: Pace = { delayMs: 0, pieceBytes: Infinity, msPerByte: 0, bufferBytes: UNSHAPED_BUFFER_BYTES };

/**
 * The way out of the proxy in one direction: hands bytes to a socket, late or slowly if it is told to, and stops at an
 * exact byte. Without any of that, bytes go straight to the socket.
 *
 * Invariant: queuedBytes is the sum of the queued pieces, and bytes never overtake each other.
 */
export class Outlet {
  readonly #sink: Socket;
  readonly #onPressure: (isFull: boolean) => void;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #pace: Pace = UNSHAPED;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #triggers: ByteTrigger[] = [];
  #tail: CutKind | undefined;
  #isStalled = false;
  #isDead = false;
  #bytesOut = 0;

  constructor(sink: Socket, onPressure: (isFull: boolean) => void) {
    this.#sink = sink;
    this.#onPressure = onPressure;
    sink.on('drain', () => {
      this.#pump();
    });
    sink.on('close', () => {
      this.discard();
    });
  }

  /** Counted bytes handed to the socket. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** Puts bytes behind what is there. Those of a handshake are not counted. */
  write(bytes: Buffer, isCounted = true): void {
    if (this.#isDead || this.#tail !== undefined || bytes.length === 0) return;
    const readyAtMs = this.#pace === UNSHAPED ? 0 : performance.now() + this.#pace.delayMs;
    this.#queue.push({ bytes, readyAtMs, isCounted });
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  /** Changes the pace of what is not yet handed on; the delay applies to what comes from now on. */
  shape(shape: Shape): void {
    const delayMs = shape.delayMs ?? 0;
    const { pieceBytes, msPerByte } = toPieces(shape);
    const inDelayBytes = msPerByte > 0 ? delayMs / msPerByte : delayMs > 0 ? DELAY_BUFFER_BYTES : 0;
    const ownBytes = shape.bufferBytes ?? (msPerByte > 0 ? DEFAULT_BUFFER_BYTES : UNSHAPED_BUFFER_BYTES);
    this.#pace = { delayMs, pieceBytes, msPerByte, bufferBytes: ownBytes + inDelayBytes };
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now());
    this.#pump();
  }

  /** Hands nothing on until `resume`. */
  stall(): void {
    this.#isStalled = true;
  }

  resume(): void {
    this.#isStalled = false;
    this.#pump();
  }

  /** Runs something when exactly so many more bytes were handed to the socket, before the next one is. */
  afterBytes(count: number, run: () => void): void {
    if (count <= 0) {
      run();
      return;
    }
    this.#triggers.push({ at: this.#bytesOut + count, run });
    this.#triggers.sort((a, b) => a.at - b.at);
  }

  /** Ends the connection behind everything that was written. */
  end(how: CutKind): void {
    if (this.#isDead) return;
    this.#tail ??= how;
    this.#pump();
  }

  /** Throws away what was not handed on, and everything to come. */
  discard(): void {
    this.#isDead = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    clearTimeout(this.#timer);
    this.#onPressure(false);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#isDead && !this.#isStalled && !this.#sink.writableNeedDrain) {
      const first = this.#queue[0];
      if (first === undefined) break;
      const pieceBytes = Math.min(this.#pace.pieceBytes, first.bytes.length);
      const dueMs = Math.max(first.readyAtMs, this.#lastDueMs) + pieceBytes * this.#pace.msPerByte;
      if (dueMs > 0) {
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) {
          this.#timer = setTimeout(() => {
            this.#pump();
          }, Math.ceil(waitMs));
          break;
        }
        this.#lastDueMs = dueMs;
      }
      this.#handOn(first, pieceBytes);
    }
    if (this.#isDead) return;
    if (this.#queue.length === 0 && !this.#isStalled) this.#endIfAsked();
    this.#onPressure(this.#queuedBytes > this.#pace.bufferBytes || this.#sink.writableNeedDrain);
  }

  #handOn(first: Queued, pieceBytes: number): void {
    const trigger = first.isCounted ? this.#triggers[0] : undefined;
    const bytes = trigger === undefined ? pieceBytes : Math.min(pieceBytes, trigger.at - this.#bytesOut);
    if (bytes === first.bytes.length) {
      this.#queue.shift();
      this.#sink.write(first.bytes);
    } else {
      this.#sink.write(first.bytes.subarray(0, bytes));
      first.bytes = first.bytes.subarray(bytes);
    }
    this.#queuedBytes -= bytes;
    if (!first.isCounted) return;
    this.#bytesOut += bytes;
    if (trigger === undefined || this.#bytesOut < trigger.at) return;
    this.#triggers.shift();
    trigger.run();
  }

  #endIfAsked(): void {
    if (this.#tail === undefined) return;
    this.#isDead = true;
    if (this.#tail === 'fin') this.#sink.end();
    else resetWhenFlushed(this.#sink);
  }
}

function toPieces(shape: Shape): { pieceBytes: number; msPerByte: number } {
  if (shape.trickle !== undefined) {
    return { pieceBytes: shape.trickle.bytes, msPerByte: shape.trickle.everyMs / shape.trickle.bytes };
  }
  if (shape.bytesPerSecond === undefined) return { pieceBytes: Infinity, msPerByte: 0 };
  return {
    pieceBytes: Math.max(1, Math.floor(shape.bytesPerSecond / PIECES_PER_SECOND)),
    msPerByte: MS_PER_SECOND / shape.bytesPerSecond,
  };
}
