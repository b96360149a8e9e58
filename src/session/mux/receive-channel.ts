import type { IncomingMessage } from './incoming-message.ts';

/**
 * The peer's side of one channel as we keep it. All counts are cumulative since the number was opened, in bytes of
 * credit. Invariant: `handedBytes <= arrivedBytes <= limitBytes` (a CANCEL may take `arrivedBytes` beyond the limit for
 * the time of one call).
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
  /** Messages that the application does not have all of, oldest first: one at a time is its. */
  readonly queue: IncomingMessage[] = [];
  /** Room granted ahead beyond the initial credit; grows while credit is what holds the sender up. */
  aheadBytes = 0;
  /** The sender said that it had more to send than the credit allowed. */
  isStarving = false;
  isRetired = false;
  /** A retired number of the same name whose messages go first. */
  predecessor: ReceiveChannel | undefined;

  constructor(number: number, name: string, limitBytes: number) {
    this.number = number;
    this.name = name;
    this.limitBytes = limitBytes;
  }

  /** The message that is the application's turn. */
  get head(): IncomingMessage | undefined {
    return this.predecessor === undefined ? this.queue[0] : undefined;
  }

  /** Bytes of the pool that are promised to this channel, beyond the initial credit that is reserved for it. */
  committedBytes(initialBytes: number): number {
    return Math.max(this.aheadBytes, this.limitBytes - this.handedBytes - initialBytes);
  }
}
