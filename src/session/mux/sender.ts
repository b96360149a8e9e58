import type { ChunkSocketError } from '../../errors/chunk-socket-error.ts';
import { ExpiredError, MessageTooBigError, RejectedError, SourceError } from '../../errors/transfer-errors.ts';
import { dataHeadBytes, writeDataHead } from '../../protocol/frame-encoder.ts';
import { CancelCode, DataFlag, RejectCode } from '../../protocol/frame.ts';
import type { ControlFrame } from '../../protocol/frame.ts';
import { MAX_EARLY_BYTES, MIN_CHANNEL_CREDIT } from '../../protocol/limits.ts';
import type { Terms } from '../../protocol/terms.ts';
import type { ViolationName } from '../../protocol/violation.ts';
import type { Effect } from '../effect.ts';
import type { FillMode } from '../link/link-user.ts';
import { Queue } from '../queue.ts';
import { ChannelNumbers } from './channel-numbers.ts';
import { ControlQueue } from './control-queue.ts';
import { cancelReason } from './cancel-reason.ts';
import { Expiry } from './expiry.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { SendChannel } from './send-channel.ts';
import type { WrittenFrame } from './written-frame.ts';

/** Less room than this in a packet is left empty rather than used for a sliver of a message. */
const SLIVER_BYTES = 64;

/**
 * The sending half of the mux: takes messages, writes frames into the stream when asked, and settles messages when the
 * peer has what was written (PROTOCOL.md, "The mux").
 */
export class MuxSender {
  readonly #effects: Effect[];
  readonly #wake: () => void;
  #peer: Terms | undefined;
  /** But the main one; made for the first of them. */
  #byName: Map<string, SendChannel> | undefined;
  readonly #main = new SendChannel('', 0, MIN_CHANNEL_CREDIT);
  readonly #numbers = new ChannelNumbers(this.#main);
  #clock = 0;
  /** Goes before anything else. */
  readonly control: ControlQueue = new ControlQueue();
  readonly #written = new Queue<WrittenFrame>();
  readonly #expiry = new Expiry();
  /** Bytes kept in memory for messages that are not settled. */
  heldBytes = 0;
  /** Bytes of payload of messages that are not settled, less what is acknowledged; of streams, what was written. */
  #bufferedBytes = 0;

  /** @param wake - called when a source has more, outside of any call to the engine */
  constructor(effects: Effect[], wake: () => void) {
    this.#effects = effects;
    this.#wake = wake;
  }

  /** Messages of several channels wait. */
  get isShared(): boolean {
    return this.#numbers.activeCount > 1;
  }

  /** Messages wait, and none of them can go on before the peer gives credit or takes a channel back. */
  get isBlocked(): boolean {
    for (const channel of this.#numbers.active) {
      const readiness = channel.readiness(this.#numbers);
      if (readiness === 'credit' || readiness === 'slot') return true;
    }
    return false;
  }

  /** Bytes of payload of messages that are not settled, less what is acknowledged; of streams, what was read so far. */
  get bufferedBytes(): number {
    let bytes = this.#bufferedBytes;
    for (const { head } of this.#numbers.active) {
      if (head !== undefined && head.init.source.totalBytes === undefined) bytes += head.init.source.readyBytes;
    }
    return bytes;
  }

  /** Nothing is left to write: every message taken is in the stream, or has failed. */
  get isWritten(): boolean {
    return this.#numbers.activeCount === 0;
  }

  /** The peer's terms are known now: from here on its limits are kept. */
  setPeer(terms: Terms): void {
    this.#peer = terms;
    this.#numbers.maxCount = terms.maxOpenChannels;
    for (const channel of [this.#main, ...(this.#byName?.values() ?? [])]) {
      channel.limitBytes = Math.max(channel.limitBytes, terms.initialChannelCredit);
    }
    for (const message of this.#waiting()) this.#check(message);
  }

  send(message: OutgoingMessage): void {
    const { init } = message;
    const { source } = init;
    message.heldBytes = source.heldBytes;
    this.heldBytes += message.heldBytes;
    this.#bufferedBytes += source.totalBytes ?? 0;
    if (source.state === 'open') {
      source.onReady = () => {
        this.#check(message);
        this.#wake();
      };
    }
    let channel = this.#named(init.channel);
    if (channel === undefined) {
      channel = new SendChannel(init.channel, -1, this.#peer?.initialChannelCredit ?? MIN_CHANNEL_CREDIT);
      (this.#byName ??= new Map()).set(init.channel, channel);
    }
    message.lane = channel;
    channel.push(message);
    this.#numbers.add(channel);
    this.#expiry.add(message);
    this.#check(message);
    this.#makeRoom();
  }

  /** When something becomes stale, in ms; may be too early. */
  get expiryMs(): number {
    return this.#expiry.atMs;
  }

  /** Gives up what is stale and not begun. */
  expire(nowMs: number): void {
    for (const message of this.#expiry.take(nowMs)) this.cancel(message, CancelCode.expired, new ExpiredError());
  }

  /** Gives a message up, wherever it stands; the peer is told if it has a part of it. */
  cancel(message: OutgoingMessage, code: number, error: ChunkSocketError): void {
    const { state, channelNumber, ordinal, writtenBytes } = message;
    if (state === 'settled') return;
    const channel = this.#numbers.channel(channelNumber);
    if (state === 'started' && channel !== undefined) {
      this.control.push({ type: 'cancel', channel: channelNumber, ordinal, code, reason: cancelReason(error.cause) });
      // What was announced counts as sent: credit that was given for it must not stay with the channel.
      channel.usedBytes += (message.init.source.totalBytes ?? writtenBytes) - writtenBytes;
    }
    this.#settle(message, { kind: 'failed', message, error });
  }

  /** Gives up every message that is not wholly in the stream. */
  cancelAll(error: ChunkSocketError): void {
    for (const message of this.#waiting()) this.cancel(message, CancelCode.closing, error);
  }

  /** Gives up every message of which nothing is in the stream. */
  cancelQueued(error: ChunkSocketError): void {
    for (const message of this.#queued()) this.cancel(message, CancelCode.closing, error);
  }

  /** Takes back every message of which nothing is in the stream; they are settled as far as this sender goes. */
  withdraw(): OutgoingMessage[] {
    const messages = this.#queued();
    for (const message of messages) this.#settle(message);
    return messages;
  }

  /** Takes back every message that is not settled, in an order that keeps each channel's. */
  abandon(): OutgoingMessage[] {
    const written = this.#written.toArray().map(({ message }) => message);
    const unique = [...new Set([...written, ...this.#waiting()])].filter(({ state }) => state !== 'settled');
    this.#written.clear();
    for (const message of unique) {
      const { state } = message;
      this.#settle(message);
      message.state = state;
    }
    return unique;
  }

  pendingBytes(mode: FillMode, max: number): number {
    let bytes = 0;
    if (mode !== 'control') {
      for (const channel of this.#numbers.active) {
        if (bytes >= max) break;
        if (mode === 'early' && channel.number !== 0) continue;
        const readiness = channel.readiness(this.#numbers);
        if (readiness === 'credit') this.#tellBlocked(channel);
        if (readiness === 'ready') {
          bytes += channel.pendingBytes(max) + channel.headCostBytes(channel.head as OutgoingMessage);
        }
      }
    }
    return Math.min(bytes + this.control.bytes, max);
  }

  fill(mode: FillMode, target: Uint8Array, at: number, offset: number): number {
    const base = offset - at;
    let next = this.control.fill(target, at);
    while (mode !== 'control' && !this.control.isCutting) {
      const channel = this.#pick();
      if (channel === undefined) break;
      const before = next;
      next = this.#writeFrame(channel, mode, target, next, base, next === at);
      if (next === before) break;
      // What that led to (RETIRE) goes along.
      next = this.control.fill(target, next);
    }
    if (this.control.bytes === 0) this.#numbers.written(base + next);
    return next;
  }

  /** The peer holds our stream up to `offset`. */
  settle(offset: number): void {
    let frame = this.#written.peek();
    while (frame !== undefined && frame.end <= offset) {
      this.#written.shift();
      const { message, bytes, isLast } = frame;
      if (message.state !== 'settled') {
        this.#bufferedBytes -= bytes - message.ackedBytes;
        message.ackedBytes = bytes;
        if (isLast) this.#settle(message, { kind: 'delivered', message });
        else this.#effects.push({ kind: 'progress', message });
      }
      frame = this.#written.peek();
    }
    if (this.#numbers.heard(offset)) this.#makeRoom();
  }

  /** CREDIT, REJECT or RETIRED: frames about our channel numbers. */
  handle(frame: ControlFrame & { type: 'credit' | 'reject' | 'retired' }): ViolationName | undefined {
    if (frame.channel >= this.#numbers.next) return 'unknown-channel';
    const channel = this.#numbers.channel(frame.channel);
    switch (frame.type) {
      case 'credit':
        if (channel !== undefined) channel.limitBytes = Math.max(channel.limitBytes, frame.limit);
        return undefined;
      case 'retired':
        // Only the answer to our RETIRE may free a number.
        if (channel !== undefined) return 'unexpected-frame';
        this.#leave(this.#numbers.taken(frame.channel));
        this.#makeRoom();
        return undefined;
      case 'reject':
        this.#rejected(frame, channel?.head);
        return undefined;
    }
  }

  #rejected(frame: ControlFrame & { type: 'reject' }, head: OutgoingMessage | undefined): void {
    const message = [head, ...this.#written.toArray().map((written) => written.message)].find(
      (candidate) => candidate?.channelNumber === frame.channel && candidate.ordinal === frame.ordinal,
    );
    if (message === undefined) return;
    const error =
      frame.code === RejectCode.tooBig
        ? new MessageTooBigError(message.init.source.totalBytes, frame.value)
        : new RejectedError(frame.reason);
    this.cancel(message, CancelCode.aborted, error);
  }

  #named(name: string): SendChannel | undefined {
    return name === '' ? this.#main : this.#byName?.get(name);
  }

  #waiting(): OutgoingMessage[] {
    return [...this.#numbers.active].flatMap((channel) => channel.messages());
  }

  #queued(): OutgoingMessage[] {
    return this.#waiting().filter((message) => message.state === 'queued');
  }

  /** Gives the message up if it cannot be sent. */
  #check(message: OutgoingMessage): void {
    const { source, channel } = message.init;
    const { totalBytes, state } = source;
    const { maxMessageBytes = Infinity, maxOpenChannels = Infinity } = this.#peer ?? {};
    if (state === 'failed') {
      this.cancel(message, CancelCode.sourceFailed, new SourceError(source.error));
    } else if ((totalBytes ?? message.writtenBytes + source.readyBytes) > maxMessageBytes) {
      this.cancel(message, CancelCode.aborted, new MessageTooBigError(totalBytes, maxMessageBytes));
    } else if (maxOpenChannels < 2 && channel !== '') {
      this.cancel(message, CancelCode.aborted, new RejectedError('it takes no channel but the default one'));
    }
  }

  #settle(message: OutgoingMessage, effect?: Effect): void {
    const { init, ackedBytes, writtenBytes } = message;
    const { source } = init;
    this.heldBytes -= message.heldBytes;
    this.#bufferedBytes -= (source.totalBytes ?? writtenBytes) - ackedBytes;
    message.state = 'settled';
    this.#expiry.delete(message);
    this.#leave(this.#named(init.channel));
    this.#makeRoom();
    source.onReady = undefined;
    if (effect === undefined) return;
    source.release();
    this.#effects.push(effect);
  }

  /** The channel has one message less to send. */
  #leave(channel: SendChannel | undefined): void {
    if (channel === undefined || channel.head !== undefined) return;
    this.#numbers.remove(channel);
    // A channel without a number costs nothing to forget.
    if (channel.number < 0 && !channel.isRetiring) this.#byName?.delete(channel.name);
  }

  /** Says once for each limit that credit alone holds the channel up, so that the peer can grant more ahead. */
  #tellBlocked(channel: SendChannel): void {
    const { number, limitBytes } = channel;
    if (number < 0 || channel.blockedAtBytes === limitBytes) return;
    channel.blockedAtBytes = limitBytes;
    this.control.push({ type: 'blocked', channel: number, limit: limitBytes });
  }

  /** The channel to go on with: the least virtual time, the most urgent first among equals. */
  #pick(): SendChannel | undefined {
    let best: SendChannel | undefined;
    for (const channel of this.#numbers.active) {
      if (channel.readiness(this.#numbers) !== 'ready') continue;
      // Time that it could not have used is not owed to it.
      channel.clock = Math.max(channel.clock, this.#clock);
      const isBetter =
        best === undefined ||
        channel.clock < best.clock ||
        (channel.clock === best.clock && channel.weight > best.weight);
      if (isBetter) best = channel;
    }
    return best;
  }

  /** Numbers of channels that have had their turn go to channels that wait for one. */
  #makeRoom(): void {
    for (const channel of this.#numbers.makeRoom()) {
      this.control.push({ type: 'retire', channel: channel.number });
      channel.retire((this.#peer as Terms).initialChannelCredit);
      this.#leave(channel);
    }
  }

  #writeFrame(
    channel: SendChannel,
    mode: FillMode,
    target: Uint8Array,
    at: number,
    base: number,
    isPacketEmpty: boolean,
  ): number {
    const message = channel.head as OutgoingMessage;
    const { source } = message.init;
    const isFirst = message.state === 'queued';
    const number = channel.number < 0 ? this.#numbers.next : channel.number;
    const fields = isFirst ? channel.headFields(message) : undefined;
    const total = isFirst ? source.totalBytes : undefined;
    const room = target.length - at;
    const fieldsBytes = fields?.length ?? 0;
    const headBytes = dataHeadBytes(number, room, total, fieldsBytes);
    const headCost = channel.headCostBytes(message);
    const wanted = Math.min(channel.creditBytes - headCost, source.readyBytes);
    let bytes = Math.min(room - headBytes, wanted);
    let frameBytes = headBytes + bytes;
    let buffer = target;
    let bufferAt = at;
    if (bytes < Math.min(wanted, SLIVER_BYTES)) {
      if (!isPacketEmpty) return at;
      // A head that no packet can hold (long names on a small limit) goes out in pieces.
      bytes = Math.min(wanted, SLIVER_BYTES);
      frameBytes = dataHeadBytes(number, bytes, total, fieldsBytes) + bytes;
      buffer = new Uint8Array(frameBytes);
      bufferAt = 0;
    }
    const isFin = bytes === source.readyBytes && source.state === 'ended';
    if (mode === 'early' && !(isFirst && isFin && channel.number === 0 && base + at + frameBytes <= MAX_EARLY_BYTES)) {
      return at;
    }
    const flags =
      (isFirst ? DataFlag.first : 0) | (isFin ? DataFlag.fin : 0) | (isFirst && source.isText ? DataFlag.text : 0);
    const payloadAt = writeDataHead(buffer, bufferAt, number, flags, bytes, isFin ? undefined : total, fields);
    if (bytes > 0) source.copy(buffer, payloadAt, bytes);
    this.#account(channel, message, number, bytes, headCost);
    let end = payloadAt + bytes;
    let offset = base + end;
    if (buffer !== target) {
      this.control.cut(buffer.subarray(0, end));
      offset = base + at + end;
      end = this.control.fill(target, at);
    }
    this.#written.push({ end: offset, message, bytes: message.writtenBytes, isLast: isFin });
    if (isFin) {
      message.state = 'written';
      channel.shift();
      this.#leave(channel);
      this.#makeRoom();
    }
    return end;
  }

  #account(channel: SendChannel, message: OutgoingMessage, number: number, bytes: number, headCost: number): void {
    if (channel.number < 0) this.#numbers.open(channel);
    if (message.state === 'queued') {
      message.state = 'started';
      message.channelNumber = number;
      message.ordinal = channel.nextOrdinal++;
    }
    message.writtenBytes += bytes;
    if (message.init.source.totalBytes === undefined) this.#bufferedBytes += bytes;
    channel.usedBytes += bytes + headCost;
    this.#clock = channel.clock;
    channel.clock += (bytes + SLIVER_BYTES) / channel.weight;
  }
}
