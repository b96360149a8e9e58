import type { Assembly } from './assembly.ts';

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
  current: Assembly | undefined;
  /** Room granted ahead beyond the initial credit; grows while the sender uses all it is given. */
  aheadBytes = 0;
  /** Messages that are whole and wait for the application. */
  readyCount = 0;
  isRetired = false;

  constructor(number: number, name: string, limitBytes: number) {
    this.number = number;
    this.name = name;
    this.limitBytes = limitBytes;
  }

  /** Bytes of the pool that are promised to this channel, beyond the initial credit that is reserved for it. */
  committedBytes(initialBytes: number): number {
    return Math.max(this.aheadBytes, this.limitBytes - this.handedBytes - initialBytes);
  }
}
