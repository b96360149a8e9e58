import type { IncomingMessage } from './incoming-message.ts';

/**
 * The peer's side of one channel as we keep it. All counts are cumulative since the number was opened, in bytes of
 * credit. Invariant: `handedBytes <= arrivedBytes <= limitBytes` (a CANCEL may take `arrivedBytes` beyond the limit, until
 * what came before it is handed over).
 */
export class ReceiveChannel {
  readonly number: number;
  readonly name: string;
  /** What we have granted. */
  limitBytes: number;
  arrivedBytes = 0;
  /** Cost of what the application has taken, and of what was dropped. */
  handedBytes = 0;
  nextOrdinal = 0;
  /** The message that is coming in, dropped or not. */
  current: IncomingMessage | undefined;
  /** Room granted ahead beyond the initial credit; grows while credit is what holds the sender up. */
  aheadBytes = 0;
  /** The sender said that it had more to send than the credit allowed. */
  isStarving = false;
  isRetired = false;
  /** A retired number of the same name whose messages go first. */
  predecessor: ReceiveChannel | undefined;
  /** By ordinal: taking one from many takes no longer than taking one from few. Made for the first. */
  #waiting: Map<number, IncomingMessage> | undefined;
  #headOrdinal = 0;

  constructor(number: number, name: string, limitBytes: number) {
    this.number = number;
    this.name = name;
    this.limitBytes = limitBytes;
  }

  /** Messages that the application does not have all of, oldest first: one at a time is its. A list of its own. */
  get queue(): IncomingMessage[] {
    return [...(this.#waiting?.values() ?? [])];
  }

  /** The message that is the application's turn. */
  get head(): IncomingMessage | undefined {
    return this.predecessor === undefined ? this.#waiting?.get(this.#headOrdinal) : undefined;
  }

  /** Nothing that came on it, or on a number before it, waits for the application. */
  get isEmpty(): boolean {
    return this.predecessor === undefined && this.head === undefined;
  }

  add(message: IncomingMessage): void {
    (this.#waiting ??= new Map()).set(message.ordinal, message);
  }

  /** The application has all that it will have of the message; false where that was known. */
  remove({ ordinal }: IncomingMessage): boolean {
    const waiting = this.#waiting;
    if (waiting?.delete(ordinal) !== true) return false;
    while (this.#headOrdinal < this.nextOrdinal && !waiting.has(this.#headOrdinal)) this.#headOrdinal++;
    return true;
  }

  /**
   * Bytes of the pool that are promised to this channel, or used by it, beyond the initial credit that is reserved for
   * it. A CANCEL takes from the promise, and nothing from what is held of the messages before.
   */
  committedBytes(initialBytes: number): number {
    const { aheadBytes, limitBytes, arrivedBytes, handedBytes } = this;
    return Math.max(aheadBytes, Math.max(limitBytes, arrivedBytes) - handedBytes - initialBytes);
  }
}
