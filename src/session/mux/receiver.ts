import { RejectCode } from '../../protocol/frame.ts';
import type { ControlFrame, DataHead } from '../../protocol/frame.ts';
import { MESSAGE_COST_BYTES, MIN_CHANNEL_CREDIT, MIN_POOL_MARGIN_BYTES } from '../../protocol/limits.ts';
import type { Terms } from '../../protocol/terms.ts';
import type { ViolationName } from '../../protocol/violation.ts';
import { Queue } from '../queue.ts';
import { Assembly } from './assembly.ts';
import type { ControlQueue } from './control-queue.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { ReceiveChannel } from './receive-channel.ts';

/** What the receiver needs of the side that writes. */
export interface ReceiverHost {
  readonly control: ControlQueue;
  /** Our count must not overtake what is in `control` now. */
  raiseBarrier(): void;
}

const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
/** So much may wait of what a peer could read and does not. */
const MAX_REFUSALS_BYTES = 64 * 1024;

/**
 * The receiving half of the mux: puts messages together, keeps the peer within credit, and gives credit back as the
 * application takes messages (PROTOCOL.md, "Credit").
 *
 * Memory for messages is bounded by `maxOpenChannels * initialChannelCredit + poolBytes`: each channel has its initial
 * credit reserved, and all that is granted beyond it (`committedBytes`, summed) stays within the pool.
 */
export class MuxReceiver {
  readonly #terms: Terms;
  readonly #host: ReceiverHost;
  readonly #channels = new Map<number, ReceiveChannel>();
  readonly #names = new Set<string>(['']);
  readonly #ready = new Queue<{ message: IncomingMessage; channel: ReceiveChannel; costBytes: number }>();
  /** Channels whose current message needs room in the pool, oldest message first. */
  readonly #waiting = new Set<ReceiveChannel>();
  /** The one channel whose message of unknown length may grow in the pool now. */
  #growing: ReceiveChannel | undefined;
  #nextNumber = 1;
  #current: ReceiveChannel | undefined;
  #frameRest = 0;

  constructor(terms: Terms, host: ReceiverHost) {
    this.#terms = terms;
    this.#host = host;
    this.#channels.set(0, new ReceiveChannel(0, '', terms.initialChannelCredit));
  }

  /** The next whole message, if there is one. Taking it is what gives its credit back. */
  next(): IncomingMessage | undefined {
    const entry = this.#ready.shift();
    if (entry === undefined) return undefined;
    const { channel } = entry;
    channel.readyCount--;
    this.#handed(channel, entry.costBytes);
    this.#forgetRetired(channel);
    return entry.message;
  }

  dataStart(head: DataHead): ViolationName | undefined {
    const channel = head.first ? this.#channelOf(head) : this.#channels.get(head.channel);
    if (typeof channel === 'string') return channel;
    if (channel === undefined || channel.isRetired) return 'unknown-channel';
    this.#current = channel;
    this.#frameRest = head.payloadBytes;
    if (head.first) {
      if (channel.current !== undefined) return 'unexpected-first';
      const total = head.fin ? head.payloadBytes : head.total;
      // Early data is of a sender that could not know the limit: its message fails, and nothing else does.
      const mayBeEarly = channel.number === 0 && channel.arrivedBytes < MIN_CHANNEL_CREDIT;
      if (total !== undefined && total > this.#terms.maxMessageBytes && !mayBeEarly) return 'message-too-big';
      channel.current = new Assembly({ ...head, total }, channel.nextOrdinal++, channel.arrivedBytes);
      channel.arrivedBytes += MESSAGE_COST_BYTES + head.fieldsBytes;
    }
    const assembly = channel.current;
    if (assembly === undefined) return 'not-first';
    channel.arrivedBytes += head.payloadBytes;
    if (channel.arrivedBytes > channel.limitBytes) return 'credit-exceeded';
    const { total } = assembly.head;
    const bytes = assembly.bytes + head.payloadBytes;
    if (total !== undefined && (bytes > total || (head.fin && bytes !== total))) return 'total-mismatch';
    assembly.isFinishing = head.fin;
    if (Math.max(bytes, total ?? 0) > this.#terms.maxMessageBytes && !assembly.isDiscarded) {
      if (this.#host.control.bytes > MAX_REFUSALS_BYTES) return 'message-too-big';
      this.#refuse(channel, assembly);
    }
    return undefined;
  }

  dataPayload(slice: Uint8Array): ViolationName | undefined {
    const channel = this.#current as ReceiveChannel;
    const assembly = channel.current as Assembly;
    this.#frameRest -= slice.length;
    assembly.add(slice, assembly.isFinishing && this.#frameRest === 0);
    if (assembly.isDiscarded) this.#handed(channel, slice.length);
    return undefined;
  }

  dataEnd(): ViolationName | undefined {
    const channel = this.#current as ReceiveChannel;
    const assembly = channel.current as Assembly;
    if (!assembly.isFinishing) {
      if (!assembly.isDiscarded) this.#wantRoom(channel, assembly);
      return undefined;
    }
    this.#leave(channel);
    if (assembly.isDiscarded) return undefined;
    const data = assembly.finish();
    if (data === undefined) return 'bad-text';
    const { fields } = assembly.head;
    channel.readyCount++;
    this.#ready.push({
      message: { data, channel: channel.name, meta: fields?.meta, origin: fields?.origin },
      channel,
      costBytes: assembly.costBytes,
    });
    return undefined;
  }

  /** CANCEL or RETIRE: frames about the peer's channel numbers. */
  handle(frame: ControlFrame & { type: 'cancel' | 'retire' }): ViolationName | undefined {
    const channel = this.#channels.get(frame.channel);
    if (channel === undefined || channel.isRetired) return 'unknown-channel';
    if (frame.type === 'retire') {
      if (channel.current !== undefined || frame.channel === 0) return 'unexpected-frame';
      channel.isRetired = true;
      this.#names.delete(channel.name);
      this.#forgetRetired(channel);
      return undefined;
    }
    if (frame.ordinal >= channel.nextOrdinal) return 'unexpected-frame';
    const assembly = channel.current;
    // A message that is whole already stays: the sender gave it up too late.
    if (assembly?.ordinal !== frame.ordinal) return undefined;
    this.#leave(channel);
    // What was announced counts as sent: credit given for it goes back to the pool with it.
    const restBytes = (assembly.head.total ?? assembly.bytes) - assembly.bytes;
    channel.arrivedBytes += restBytes;
    this.#handed(channel, restBytes + (assembly.isDiscarded ? 0 : assembly.costBytes));
    return undefined;
  }

  #channelOf(head: DataHead): ReceiveChannel | ViolationName | undefined {
    const name = head.fields?.name;
    const known = this.#channels.get(head.channel);
    if (known !== undefined || head.channel < this.#nextNumber) return name === undefined ? known : 'channel-name';
    if (head.channel > this.#nextNumber) return 'channel-number';
    if (name === undefined || this.#names.has(name)) return 'channel-name';
    // A number is free when its RETIRED is in the stream: not before the peer can know.
    if (this.#channels.size + this.#host.control.retiredCount >= this.#terms.maxOpenChannels)
      return 'too-many-channels';
    const channel = new ReceiveChannel(this.#nextNumber++, name, this.#terms.initialChannelCredit);
    this.#channels.set(channel.number, channel);
    this.#names.add(name);
    return channel;
  }

  #forgetRetired(channel: ReceiveChannel): void {
    if (!channel.isRetired || channel.readyCount > 0) return;
    this.#channels.delete(channel.number);
    this.#host.control.push({ type: 'retired', channel: channel.number });
    this.#shareRoom();
  }

  #refuse(channel: ReceiveChannel, assembly: Assembly): void {
    const { maxMessageBytes } = this.#terms;
    this.#host.control.push({
      type: 'reject',
      channel: channel.number,
      ordinal: assembly.ordinal,
      code: RejectCode.tooBig,
      value: maxMessageBytes,
      reason: '',
    });
    this.#host.raiseBarrier();
    const { costBytes } = assembly;
    assembly.discard();
    this.#leaveRoom(channel);
    this.#handed(channel, costBytes);
  }

  /** The channel's message is over, one way or another. */
  #leave(channel: ReceiveChannel): void {
    channel.current = undefined;
    this.#leaveRoom(channel);
  }

  #leaveRoom(channel: ReceiveChannel): void {
    const had = this.#waiting.delete(channel) || this.#growing === channel;
    if (this.#growing === channel) this.#growing = undefined;
    if (had) this.#shareRoom();
  }

  /** The application took (or we dropped) so much of what came on the channel. */
  #handed(channel: ReceiveChannel, bytes: number): void {
    channel.handedBytes += bytes;
    const { initialChannelCredit } = this.#terms;
    const windowBytes = initialChannelCredit + channel.aheadBytes;
    if (channel.handedBytes + windowBytes - channel.limitBytes >= windowBytes / 2) {
      // The sender used nearly all it had: more would have gone out.
      const unusedBytes = channel.limitBytes - channel.arrivedBytes;
      if (unusedBytes >= 0 && unusedBytes < windowBytes / 4) this.#widen(channel);
      this.#grant(channel, channel.handedBytes + initialChannelCredit + channel.aheadBytes);
    }
    this.#shareRoom();
  }

  #widen(channel: ReceiveChannel): void {
    const { initialChannelCredit, poolBytes, maxMessageBytes } = this.#terms;
    // What is granted ahead can never be taken back: the largest message must always find room beside it.
    const spare = poolBytes - maxMessageBytes - MIN_POOL_MARGIN_BYTES - this.#committedBytes();
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
    channel.limitBytes = limitBytes;
    this.#host.control.push({ type: 'credit', channel: channel.number, limit: limitBytes });
  }

  /** Part of a message has come: if the rest needs more credit than there is, it queues for room in the pool. */
  #wantRoom(channel: ReceiveChannel, assembly: Assembly): void {
    const cost = assembly.totalCostBytes;
    if (cost !== undefined && assembly.startBytes + cost <= channel.limitBytes) return;
    this.#waiting.add(channel);
    this.#shareRoom();
  }

  /**
   * Gives the pool's room to the messages that wait for it, oldest first: all that a message of known length needs, or
   * a step for the one of unknown length that may grow.
   */
  #shareRoom(): void {
    if (this.#waiting.size === 0) return;
    const { initialChannelCredit, poolBytes } = this.#terms;
    let free = poolBytes - this.#committedBytes();
    let isKnownBlocked = false;
    for (const channel of this.#waiting) {
      // Whoever does not read a channel stalls that one, and leaves the room to the others.
      if (channel.readyCount > 0) continue;
      const assembly = channel.current as Assembly;
      const cost = assembly.totalCostBytes;
      const before = channel.committedBytes(initialChannelCredit);
      if (cost === undefined) {
        this.#growing ??= channel;
        if (this.#growing !== channel) continue;
        // Room is taken for what has come, and the usual credit given ahead of it: what is left of that when the message
        // ends is no more than any channel may keep.
        const windowBytes = initialChannelCredit + channel.aheadBytes;
        const unusedBytes = channel.limitBytes - channel.arrivedBytes;
        if (unusedBytes > windowBytes / 2) continue;
        if (unusedBytes < windowBytes / 4) this.#widen(channel);
        const limitBytes = channel.arrivedBytes + initialChannelCredit + channel.aheadBytes;
        this.#grant(channel, Math.min(limitBytes, channel.limitBytes + free));
      } else {
        if (isKnownBlocked) continue;
        const limitBytes = assembly.startBytes + cost + initialChannelCredit;
        const need = Math.max(channel.aheadBytes, limitBytes - channel.handedBytes - initialChannelCredit) - before;
        if (need > free) {
          isKnownBlocked = true;
          continue;
        }
        this.#waiting.delete(channel);
        this.#grant(channel, limitBytes);
      }
      free -= channel.committedBytes(initialChannelCredit) - before;
    }
  }
}
