import { RejectCode } from '../../protocol/frame.ts';
import type { ControlFrame, DataHead } from '../../protocol/frame.ts';
import { MESSAGE_COST_BYTES, MIN_CHANNEL_CREDIT } from '../../protocol/limits.ts';
import type { Terms } from '../../protocol/terms.ts';
import type { ViolationName } from '../../protocol/violation.ts';
import type { Effect } from '../effect.ts';
import type { ControlQueue } from './control-queue.ts';
import { Credit } from './credit.ts';
import { IncomingMessage } from './incoming-message.ts';
import type { IncomingEnd } from './incoming-message.ts';
import { ReceiveChannel } from './receive-channel.ts';
import type { WholeMessage } from './whole-message.ts';

/** What the receiver needs of the side that writes; not before it is made. */
export interface ReceiverHost {
  readonly control: ControlQueue;
  /** Our count must not overtake what is in `control` now. */
  raiseBarrier(): void;
}

/** So much may wait of what a peer could read and does not. */
const MAX_REFUSALS_BYTES = 64 * 1024;

/**
 * The receiving half of the mux: puts messages together or hands them on as they come, and keeps the peer within credit,
 * which comes back as the application takes what has come.
 *
 * A message is the application's when those before it on its channel are taken. It is offered then ({@link nextIncoming}),
 * for somebody to stream, collect or reject it; else it is handed over when it is whole ({@link next}).
 */
export class MuxReceiver {
  readonly #terms: Terms;
  /** Bytes of the largest message that is taken whole. */
  readonly #maxWholeBytes: number;
  readonly #host: ReceiverHost;
  readonly #effects: Effect[];
  readonly #credit: Credit;
  readonly #channels = new Map<number, ReceiveChannel>();
  /** The number that has the name now, but for the main one; this and those below are made for the first that is in them. */
  #byName: Map<string, ReceiveChannel> | undefined;
  /** Messages whose turn has come, and which nobody has been told of. */
  #offers: Set<IncomingMessage> | undefined;
  /** Messages whose turn has come, and which are whole. */
  #ready: Set<IncomingMessage> | undefined;
  #nextNumber = 1;
  #current: IncomingMessage | undefined;
  #frameRest = 0;
  /** Rises each time that something may be written. */
  #turn = 0;

  constructor(terms: Terms, maxWholeBytes: number, host: ReceiverHost, effects: Effect[]) {
    this.#terms = terms;
    this.#maxWholeBytes = maxWholeBytes;
    this.#host = host;
    this.#effects = effects;
    this.#credit = new Credit(terms, maxWholeBytes, host, this.#channels);
    this.#channels.set(0, new ReceiveChannel(0, '', terms.initialChannelCredit));
  }

  /** Bytes of credit for what has come and is not taken: a bound of what it holds in memory. */
  get heldBytes(): number {
    // The rest of a frame counts with its head, and is not here.
    let bytes = -this.#frameRest;
    for (const { arrivedBytes, handedBytes } of this.#channels.values()) bytes += arrivedBytes - handedBytes;
    return bytes;
  }

  /** {@link next} may have something. */
  get hasWhole(): boolean {
    return !!this.#ready?.size;
  }

  /** Something that came on a channel of this name is not taken. */
  holds(name: string): boolean {
    const channel = this.#named(name);
    return channel !== undefined && !channel.isEmpty;
  }

  /**
   * The next message whose turn has come, once each. From then on effects tell what becomes of it.
   *
   * @param waits - whether those of a channel have to wait for what came before this session
   */
  nextIncoming(waits?: (name: string) => boolean): IncomingMessage | undefined {
    if (!this.#offers?.size) return undefined;
    for (const message of this.#offers) {
      if (waits?.(message.channel.name)) continue;
      this.#offers.delete(message);
      message.isWatched = true;
      return message;
    }
    return undefined;
  }

  /** The next whole message that nobody has asked for. Taking it is what gives its credit back. */
  next(waits?: (name: string) => boolean): WholeMessage | undefined {
    if (!this.#ready?.size) return undefined;
    for (const message of this.#ready) {
      const { channel, head, use } = message;
      // One that is too big for that is refused where it is asked for.
      const isFit = use === 'whole' || (use === 'open' && message.bytes <= this.#maxWholeBytes);
      if (!isFit || waits?.(channel.name)) continue;
      message.use = 'whole';
      return {
        data: this.takeData(message),
        channel: channel.name,
        meta: head.fields?.meta,
        origin: head.fields?.origin,
      };
    }
    return undefined;
  }

  /** The message is handed over by {@link next} when it is whole, or refused where it is too big. */
  takeWhole(message: IncomingMessage): void {
    this.#use(message, 'whole');
  }

  /** The message is handed over by {@link takeData} when it is whole, or refused where it is too big. */
  collect(message: IncomingMessage): void {
    this.#use(message, 'collected');
  }

  /** What is there of the message, and what comes, is handed over by {@link read}, up to `maxBytes` in all. */
  stream(message: IncomingMessage, maxBytes: number = message.maxBytes): ViolationName | undefined {
    const isValid = message.stream();
    this.#credit.leave(message);
    this.#bound(message, maxBytes);
    return isValid ? undefined : 'bad-text';
  }

  /** The next bytes of a message that is streamed, if there are any. Reading is what gives credit back. */
  read(message: IncomingMessage): Uint8Array<ArrayBuffer> | undefined {
    const part = message.shift();
    if (part !== undefined) this.#handed(message, part.length);
    if (message.isTaken && !message.end) this.#taken(message);
    return part;
  }

  /** The data of a message that is whole and was collected. */
  takeData(message: IncomingMessage): string | Uint8Array<ArrayBuffer> {
    const data = message.takeData();
    this.#taken(message);
    return data;
  }

  /** The application does not want the message. Too late for its sender to hear of it where the end has come. */
  reject(message: IncomingMessage, reason: string): void {
    this.#refuse(message, RejectCode.refused, 0, reason);
  }

  dataStart(head: DataHead): ViolationName | undefined {
    const channel = head.first ? this.#channelOf(head) : this.#channels.get(head.channel);
    if (typeof channel === 'string') return channel;
    if (channel === undefined || channel.isRetired) return 'unknown-channel';
    if (head.first) {
      if (channel.current !== undefined) return 'unexpected-first';
      const total = head.fin ? head.payloadBytes : head.total;
      // Early data is of a sender that could not know the limit: its message fails, and nothing else does.
      const mayBeEarly = channel.number === 0 && channel.arrivedBytes < MIN_CHANNEL_CREDIT;
      if (total !== undefined && total > this.#terms.maxMessageBytes && !mayBeEarly) return 'message-too-big';
      const message = new IncomingMessage(
        channel,
        { ...head, total },
        channel.arrivedBytes,
        this.#terms.maxMessageBytes,
      );
      channel.current = message;
      channel.add(message);
      channel.arrivedBytes += MESSAGE_COST_BYTES + head.fieldsBytes;
      if (channel.head === message) this.#offer(message);
    }
    const message = channel.current;
    if (message === undefined) return 'not-first';
    this.#current = message;
    this.#frameRest = head.payloadBytes;
    channel.arrivedBytes += head.payloadBytes;
    if (channel.arrivedBytes > channel.limitBytes) return 'credit-exceeded';
    const { total } = message.head;
    const bytes = message.bytes + head.payloadBytes;
    if (total !== undefined && (bytes > total || (head.fin && bytes !== total))) return 'total-mismatch';
    message.isFinishing = head.fin;
    if (Math.max(bytes, total ?? 0) > message.maxBytes && message.use !== 'dropped') {
      if (this.#host.control.bytes > MAX_REFUSALS_BYTES) return 'message-too-big';
      this.#refuse(message, RejectCode.tooBig, message.maxBytes, '');
    }
    return undefined;
  }

  dataPayload(slice: Uint8Array): ViolationName | undefined {
    const message = this.#current as IncomingMessage;
    this.#frameRest -= slice.length;
    message.bytes += slice.length;
    if (!message.add(slice, message.isFinishing && this.#frameRest === 0)) return 'bad-text';
    if (message.use === 'dropped') this.#handed(message, slice.length);
    // The limit may have been lowered in the middle of the frame.
    else if (message.bytes > message.maxBytes) this.#refuse(message, RejectCode.tooBig, message.maxBytes, '');
    // The rest of a frame can be long in coming.
    else if (this.#frameRest > 0) this.#tell(message);
    return undefined;
  }

  dataEnd(): ViolationName | undefined {
    const message = this.#current as IncomingMessage;
    const { channel } = message;
    if (!message.isFinishing) {
      if (message.use !== 'dropped') this.#credit.want(channel);
      this.#tell(message);
      return undefined;
    }
    if (!message.finish()) return 'bad-text';
    this.#leave(message);
    message.wholeInTurn = this.#turn;
    if (message.use === 'dropped') return undefined;
    if (channel.head === message) this.#makeReady(message);
    this.#tell(message);
    return undefined;
  }

  /** CANCEL, RETIRE or BLOCKED: frames about the peer's channel numbers. */
  handle(frame: ControlFrame & { type: 'cancel' | 'retire' | 'blocked' }): ViolationName | undefined {
    const channel = this.#channels.get(frame.channel);
    if (channel === undefined || channel.isRetired) return 'unknown-channel';
    switch (frame.type) {
      case 'blocked':
        channel.isStarving = true;
        this.#credit.handed(channel, 0);
        return undefined;
      case 'retire':
        if (channel.current !== undefined || frame.channel === 0) return 'unexpected-frame';
        channel.isRetired = true;
        this.#forgetRetired(channel);
        return undefined;
      case 'cancel': {
        if (frame.ordinal >= channel.nextOrdinal) return 'unexpected-frame';
        const message = channel.current;
        // A message that is whole already stays: the sender gave it up too late.
        if (message?.ordinal !== frame.ordinal) return undefined;
        // What was announced counts as sent: credit given for it goes back to the pool with it.
        const restBytes = (message.head.total ?? message.bytes) - message.bytes;
        channel.arrivedBytes += restBytes;
        this.#end(message, frame);
        this.#credit.handed(channel, restBytes);
        return undefined;
      }
    }
  }

  /** To be called before anything is written: what the application did not take up by now gets room as it can be had. */
  endTurn(): void {
    this.#turn++;
    this.#credit.share();
  }

  /** The session is over: what is half here will never be whole. */
  abandon(reason: string): void {
    // The rest of a frame that is half here was counted with its head.
    if (this.#current !== undefined) this.#current.channel.arrivedBytes -= this.#frameRest;
    this.#frameRest = 0;
    for (const { current } of this.#channels.values()) if (current !== undefined) this.#end(current, { reason });
  }

  /** The session is over: forgets what nobody has begun to take, or what nobody was told of. */
  discard(keepsTold: boolean): void {
    for (const channel of this.#channels.values()) {
      for (const message of channel.queue) {
        const { use, isWatched } = message;
        if (use === 'streamed' || use === 'collected' || (keepsTold && isWatched)) continue;
        message.drop();
        this.#tell(message);
        this.#taken(message);
      }
    }
  }

  #named(name: string): ReceiveChannel | undefined {
    return name === '' ? this.#channels.get(0) : this.#byName?.get(name);
  }

  #open(number: number, name: string): ReceiveChannel {
    const channel = new ReceiveChannel(number, name, this.#terms.initialChannelCredit);
    channel.predecessor = this.#byName?.get(name);
    this.#channels.set(number, channel);
    (this.#byName ??= new Map()).set(name, channel);
    return channel;
  }

  #channelOf(head: DataHead): ReceiveChannel | ViolationName | undefined {
    const name = head.fields?.name;
    const known = this.#channels.get(head.channel);
    if (known !== undefined || head.channel < this.#nextNumber) return name === undefined ? known : 'channel-name';
    if (head.channel > this.#nextNumber) return 'channel-number';
    if (name === undefined || this.#named(name)?.isRetired === false) return 'channel-name';
    // A number is free when its RETIRED is in the stream: not before the peer can know.
    if (this.#channels.size + this.#host.control.retiredCount >= this.#terms.maxOpenChannels)
      return 'too-many-channels';
    return this.#open(this.#nextNumber++, name);
  }

  #forgetRetired(channel: ReceiveChannel): void {
    if (!channel.isRetired || !channel.isEmpty) return;
    this.#channels.delete(channel.number);
    if (this.#byName?.get(channel.name) === channel) this.#byName.delete(channel.name);
    this.#host.control.push({ type: 'retired', channel: channel.number });
    this.#credit.touch();
    for (const next of this.#channels.values()) {
      if (next.predecessor !== channel) continue;
      next.predecessor = undefined;
      this.#turnTo(next);
      this.#forgetRetired(next);
    }
  }

  #use(message: IncomingMessage, use: 'whole' | 'collected'): void {
    message.use = use;
    this.#credit.touch();
    this.#bound(message, this.#maxWholeBytes);
  }

  #bound(message: IncomingMessage, maxBytes: number): void {
    message.maxBytes = maxBytes;
    // The sender of one that is whole may count it as delivered by now: then it is.
    const isLate = message.isWhole && message.wholeInTurn !== this.#turn;
    if (message.knownBytes > maxBytes && !isLate) this.#refuse(message, RejectCode.tooBig, maxBytes, '');
  }

  #refuse(message: IncomingMessage, code: number, value: number, reason: string): void {
    const { channel, ordinal } = message;
    if (!message.isWhole || message.wholeInTurn === this.#turn) {
      this.#host.control.push({ type: 'reject', channel: channel.number, ordinal, code, value, reason });
      this.#host.raiseBarrier();
    }
    message.drop();
    this.#tell(message);
    this.#credit.leave(message);
    this.#taken(message);
  }

  /** The rest of the message will not come. */
  #end(message: IncomingMessage, end: IncomingEnd): void {
    this.#leave(message);
    if (message.use !== 'dropped') {
      message.drop();
      message.end = end;
      this.#tell(message);
    }
    this.#taken(message);
  }

  /** Nothing more comes of the message, one way or another. */
  #leave(message: IncomingMessage): void {
    this.#credit.leave(message);
    message.channel.current = undefined;
  }

  #handed(message: IncomingMessage, bytes: number): void {
    message.handedBytes += bytes;
    this.#credit.handed(message.channel, bytes);
  }

  /** The application has all of the message that it will ever have: the next one's turn has come. */
  #taken(message: IncomingMessage): void {
    const { channel } = message;
    this.#offers?.delete(message);
    this.#ready?.delete(message);
    this.#handed(message, message.costBytes - message.handedBytes);
    const wasHead = channel.head === message;
    if (!channel.remove(message)) return;
    if (wasHead) this.#turnTo(channel);
    this.#forgetRetired(channel);
  }

  #turnTo(channel: ReceiveChannel): void {
    const { head } = channel;
    if (head === undefined) return;
    this.#offer(head);
    if (head.isWhole) this.#makeReady(head);
    this.#credit.touch();
  }

  #offer(message: IncomingMessage): void {
    (this.#offers ??= new Set()).add(message);
  }

  #makeReady(message: IncomingMessage): void {
    (this.#ready ??= new Set()).add(message);
  }

  #tell(message: IncomingMessage): void {
    if (message.isWatched) this.#effects.push({ kind: 'incoming', incoming: message });
  }
}
