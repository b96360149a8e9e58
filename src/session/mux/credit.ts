import { MIN_POOL_MARGIN_BYTES } from '../../protocol/limits.ts';
import type { Terms } from '../../protocol/terms.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { ReceiveChannel } from './receive-channel.ts';
import type { ReceiverHost } from './receiver.ts';

const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
/** A channel whose application has taken all but this waits for the sender, not the other way round. */
const CAUGHT_UP_BYTES = 4096;
/** While more than this waits to be said, nothing is granted: what we answer is bounded by the credit of those who do not read. */
const MAX_UNSAID_BYTES = 64 * 1024;

/**
 * Gives credit to the peer's channels (PROTOCOL.md, "Credit"). Memory for messages is bounded by
 * `maxOpenChannels * initialChannelCredit + poolBytes`: each channel has its initial credit reserved, and all that is
 * granted beyond it (`committedBytes`, summed) stays within the pool.
 *
 * What is granted ahead of a reader doubles each time the sender was held up by credit alone: it says so (BLOCKED), and
 * the application had taken all there was. So it grows to the bandwidth-delay product, and a slow reader's does not.
 */
export class Credit {
  readonly #terms: Terms;
  /** Bytes of the largest message that is taken whole. */
  readonly #maxWholeBytes: number;
  readonly #host: Pick<ReceiverHost, 'control'>;
  readonly #channels: ReadonlyMap<number, ReceiveChannel>;
  /** Channels whose current message needs room in the pool, oldest message first; made for the first. */
  #waiting: Set<ReceiveChannel> | undefined;
  /** Channels that get their credit when what waits has been said, if there are any. */
  #owed: Set<ReceiveChannel> | undefined;
  /** The one channel whose message of unknown length is sure to find room in the pool. */
  #growing: ReceiveChannel | undefined;
  #isStale = false;

  constructor(
    terms: Terms,
    maxWholeBytes: number,
    host: Pick<ReceiverHost, 'control'>,
    channels: ReadonlyMap<number, ReceiveChannel>,
  ) {
    this.#terms = terms;
    this.#maxWholeBytes = maxWholeBytes;
    this.#host = host;
    this.#channels = channels;
  }

  /** The application took (or we dropped) so much of what came on the channel. */
  handed(channel: ReceiveChannel, bytes: number): void {
    channel.handedBytes += bytes;
    this.#isStale = true;
    const { initialChannelCredit } = this.#terms;
    if (channel.isStarving && channel.arrivedBytes - channel.handedBytes <= CAUGHT_UP_BYTES) {
      channel.isStarving = false;
      this.#widen(channel);
    }
    const windowBytes = initialChannelCredit + channel.aheadBytes;
    const limitBytes = channel.handedBytes + windowBytes;
    if (limitBytes - channel.limitBytes >= windowBytes / 2) this.#grant(channel, limitBytes);
  }

  /** Part of the channel's message has come: if the rest needs more credit than there is, it waits for room. */
  want(channel: ReceiveChannel): void {
    const { totalCostBytes = Infinity, startBytes = 0 } = channel.current ?? {};
    if (startBytes + totalCostBytes <= channel.limitBytes) return;
    (this.#waiting ??= new Set()).add(channel);
    this.#isStale = true;
  }

  /** The message needs no room any more; another one that is coming in on its channel may. */
  leave(message: IncomingMessage): void {
    const { channel } = message;
    if (channel.current !== message) return;
    this.#waiting?.delete(channel);
    if (this.#growing === channel) this.#growing = undefined;
    this.#isStale = true;
  }

  /** A number was given up, or who may have room has changed. */
  touch(): void {
    this.#isStale = true;
  }

  /**
   * Gives the pool's room to the messages that wait for it, oldest first: all that a message of known length needs, or
   * a step for those of unknown length, of which one is sure to find room up to its end. To be called when the application
   * has had a look at what came, and before anything is written.
   */
  share(): void {
    if (!this.#isStale || this.#isSilent()) return;
    this.#isStale = false;
    const owed = this.#owed;
    this.#owed = undefined;
    for (const channel of owed ?? []) this.handed(channel, 0);
    const waiting = this.#waiting;
    if (!waiting?.size) return;
    const { initialChannelCredit, poolBytes } = this.#terms;
    let free = poolBytes - this.#committedBytes();
    let isKnownBlocked = false;
    for (const channel of waiting) {
      if (this.#isSilent()) {
        this.#isStale = true;
        break;
      }
      const message = channel.current;
      // Whoever does not read a channel stalls that one, and leaves the room to the others. A message that is streamed
      // lives on what its reader gives back, and one that is too big to be taken whole waits for somebody to stream it.
      if (message === undefined || message !== channel.head || message.use === 'streamed') continue;
      const isUndecided = message.isWatched && message.use === 'open';
      if (isUndecided || message.knownBytes > this.#maxWholeBytes) {
        if (this.#growing === channel) this.#growing = undefined;
        continue;
      }
      const cost = message.totalCostBytes;
      const before = channel.committedBytes(initialChannelCredit);
      if (cost === undefined) {
        this.#growing ??= channel;
        const isGrowing = this.#growing === channel;
        // The others grow as well when that holds them up, by what the one that grows can do without.
        const room = isGrowing ? free : free - this.#reservedFor(this.#growing);
        if (!isGrowing && (room <= 0 || !channel.isStarving)) continue;
        // Room is taken for what has come, and the usual credit given ahead of it: what is left of that when the message
        // ends is no more than any channel may keep.
        const windowBytes = initialChannelCredit + channel.aheadBytes;
        const unusedBytes = channel.limitBytes - channel.arrivedBytes;
        if (unusedBytes > windowBytes / 2) continue;
        if (channel.isStarving) {
          channel.isStarving = false;
          this.#widen(channel);
        }
        const limitBytes = channel.arrivedBytes + initialChannelCredit + channel.aheadBytes;
        this.#grant(channel, Math.min(limitBytes, channel.limitBytes + room));
      } else {
        if (isKnownBlocked) continue;
        const limitBytes = message.startBytes + cost + initialChannelCredit;
        const need = Math.max(channel.aheadBytes, limitBytes - channel.handedBytes - initialChannelCredit) - before;
        if (need > free) {
          isKnownBlocked = true;
          continue;
        }
        waiting.delete(channel);
        this.#grant(channel, limitBytes);
      }
      free -= channel.committedBytes(initialChannelCredit) - before;
    }
  }

  #isSilent(): boolean {
    return this.#host.control.bytes > MAX_UNSAID_BYTES;
  }

  /** What the largest message may still need on this channel. */
  #reservedFor(channel: ReceiveChannel): number {
    const takenBytes = channel.committedBytes(this.#terms.initialChannelCredit) - channel.aheadBytes;
    return this.#maxWholeBytes + MIN_POOL_MARGIN_BYTES - takenBytes;
  }

  #widen(channel: ReceiveChannel): void {
    const { initialChannelCredit, poolBytes } = this.#terms;
    // What is granted ahead can never be taken back: the largest message must always find room beside it.
    const spare = poolBytes - this.#maxWholeBytes - MIN_POOL_MARGIN_BYTES - this.#committedBytes();
    const wanted = Math.max(initialChannelCredit, channel.aheadBytes);
    channel.aheadBytes += Math.max(0, Math.floor(Math.min(wanted, spare / 2, MAX_AHEAD_BYTES - channel.aheadBytes)));
  }

  #committedBytes(): number {
    let sum = 0;
    for (const channel of this.#channels.values()) sum += channel.committedBytes(this.#terms.initialChannelCredit);
    return sum;
  }

  #grant(channel: ReceiveChannel, limitBytes: number): void {
    // A total that was refused may be any number, and counts once its message is cancelled.
    limitBytes = Math.min(limitBytes, Number.MAX_SAFE_INTEGER);
    if (limitBytes <= channel.limitBytes || channel.isRetired) return;
    if (this.#isSilent()) {
      (this.#owed ??= new Set()).add(channel);
      return;
    }
    channel.limitBytes = limitBytes;
    this.#host.control.push({ type: 'credit', channel: channel.number, limit: limitBytes });
  }
}
