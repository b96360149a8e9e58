import type { IncomingMessage } from '../../../src/session/mux/incoming-message.ts';
import type { WholeMessage } from '../../../src/session/mux/whole-message.ts';
import type { Session } from '../../../src/session/session.ts';
import { check } from '../engine/target.ts';
import type { Tape } from '../tape.ts';

/** An application that takes messages in every way there is, or does not. */
export class IncomingReader {
  readonly #session: Session;
  readonly #told: IncomingMessage[] = [];
  readonly #handed = new WeakSet<IncomingMessage>();
  /** Bytes of payload handed over. */
  takenBytes = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Hears of messages that begin. */
  hear(): void {
    for (let count = 0; count < 64; count++) {
      const message = this.#session.receiver.nextIncoming();
      if (message === undefined) return;
      check(!this.#told.includes(message), 'each message is told once');
      this.#told.push(message);
    }
  }

  /** Takes up to `count` whole ones. */
  take(count: number): void {
    for (let i = 0; i < count; i++) {
      const message = this.#session.nextMessage();
      if (message === undefined) return;
      this.#checkWhole(message);
    }
  }

  /** Says of one that was told what is to become of it, or goes on with it. */
  decide(tape: Tape): void {
    const message = this.#told[tape.below(Math.max(1, this.#told.length))];
    const what = tape.byte();
    if (message === undefined) return;
    const { receiver } = this.#session;
    const isFailed = message.end !== undefined || message.use === 'dropped';
    if (message.use === 'open' && !isFailed) {
      if (what % 5 === 0) receiver.takeWhole(message);
      else if (what % 5 === 1) receiver.collect(message);
      else if (what % 5 === 2) this.#session.stream(message, what > 127 ? tape.integer() : undefined);
      else if (what % 5 === 3) this.#session.stream(message);
      else receiver.reject(message, 'no');
    } else if (message.use === 'streamed' && what % 16 === 15 && !isFailed) {
      receiver.reject(message, 'enough');
    } else if (message.use === 'streamed') {
      this.#read(message, 1 + (what % 32));
    } else if (message.use === 'collected' && message.isWhole && !isFailed && !this.#handed.has(message)) {
      this.#handed.add(message);
      this.takenBytes += receiver.takeData(message).length;
    }
  }

  /** Takes all that there is, and refuses nothing. */
  drain(): void {
    this.hear();
    for (const message of this.#told) {
      if (message.use === 'streamed') this.#read(message, Infinity);
      if (message.use === 'open' && message.end === undefined) this.#session.receiver.takeWhole(message);
    }
    this.take(Infinity);
  }

  /** Nothing that was told says two things at a time. */
  check(): void {
    for (const { bytes, handedBytes, costBytes, use, end, head } of this.#told) {
      check(handedBytes >= 0 && handedBytes <= costBytes, () => `${handedBytes} of ${costBytes} is given back`);
      check(head.total === undefined || bytes <= head.total, 'no more has come than was stated');
      check(end === undefined || use === 'dropped', 'what will not come is dropped');
    }
  }

  #read(message: IncomingMessage, count: number): void {
    for (let i = 0; i < count; i++) {
      const part = this.#session.receiver.read(message);
      if (part === undefined) return;
      check(part.length > 0, 'a part has bytes');
      this.takenBytes += part.length;
    }
  }

  #checkWhole({ data, channel }: WholeMessage): void {
    check(typeof channel === 'string', 'a message has a channel');
    if (typeof data !== 'string') {
      check(data.byteLength === data.buffer.byteLength, 'bytes that are handed over are alone in their buffer');
    }
    this.takenBytes += typeof data === 'string' ? 0 : data.length;
  }
}
