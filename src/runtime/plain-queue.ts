import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import {
  ExpiredError,
  MessageTooBigError,
  PlainModeError,
  SessionLostError,
  SourceError,
} from '../errors/transfer-errors.ts';
import { decodeText } from '../protocol/text.ts';
import { messageTooBig, abnormal } from '../protocol/close-code.ts';
import { ByteParts } from '../session/mux/byte-parts.ts';
import { Expiry } from '../session/mux/expiry.ts';
import type { OutgoingMessage, Priority } from '../session/mux/outgoing-message.ts';
import { BytesSource } from '../session/mux/source.ts';
import { Queue } from '../session/queue.ts';
import type { MessageSink } from './message-sink.ts';
import type { MessageTransport } from './message-transport.ts';
import { PlainLimit } from './plain-limit.ts';

/** What the queue tells of its messages. */
export interface PlainQueueOwner {
  /** Bytes of the largest Blob or stream that is gathered. */
  readonly maxMessageBytes: number;
  settle(message: OutgoingMessage, error?: ChunkSocketError): void;
  progressed(message: OutgoingMessage): void;
  /** A message that was told as accepted was refused all the same. */
  contradicted(error: MessageTooBigError): void;
  /** A source has more, outside of any call to the queue. */
  readonly wake: () => void;
}

/** A message, and where it stands. */
interface Entry {
  readonly message: OutgoingMessage;
  /** What was read of a source that has to be gathered. */
  readonly parts: ByteParts;
  /** All of it, once it is there. */
  bytes: Uint8Array | undefined;
  /** As counted in the sums. */
  heldBytes: number;
  openBytes: number;
  /** Where it ends in what this connection was given. */
  endAt: number;
  /** Since when nothing of it is in the socket's buffer. */
  leftAtMs: number;
}

/** The socket is given no more while it holds so much: what it holds is in doubt when the connection is lost. */
export const MAX_TRANSPORT_BYTES: number = 512 * 1024;
/** No event tells that a socket's buffer has emptied. */
const POLL_MS = 20;
const MIN_GRACE_MS = 250;

/**
 * Messages on their way to a server that acknowledges nothing: one after the other, those of more urgent priorities
 * first. A message counts as accepted when it has left the socket's buffer and the connection has outlived that by a
 * while; until then it is in doubt.
 *
 * Invariant: of the messages in doubt at most one is larger than all that were ever accepted. So a 1009 tells which one
 * it means; what was given to the socket before that one was processed, and nothing behind it was. Where there is none, no
 * message is blamed: one that counted as accepted may be why.
 */
export class PlainQueue implements MessageSink {
  heldBytes = 0;
  bufferedBytes = 0;
  /** Messages accepted so far. */
  acceptedCount = 0;
  sentPackets = 0;
  sentBytes = 0;
  resentBytes = 0;
  readonly limit: PlainLimit = new PlainLimit();
  readonly #owner: PlainQueueOwner;
  readonly #entries = new Map<OutgoingMessage, Entry>();
  readonly #expiry = new Expiry();
  #waiting: Record<Priority, Set<Entry>> = { high: new Set(), auto: new Set(), low: new Set() };
  /** In the socket's buffer, wholly or in part. */
  readonly #leaving = new Queue<Entry>();
  /** Gone from there, but not for long. */
  readonly #left = new Queue<Entry>();
  /** The one in doubt that is larger than all that were accepted. */
  #trial: Entry | undefined;
  #transport: MessageTransport | undefined;
  /** Bytes and messages given to this connection. */
  #givenBytes = 0;
  #givenCount = 0;
  #graceMs = MIN_GRACE_MS;

  constructor(owner: PlainQueueOwner) {
    this.#owner = owner;
  }

  /** Bytes that are in doubt. */
  get doubtedBytes(): number {
    const sum = (total: number, { bytes }: Entry): number => total + (bytes as Uint8Array).length;
    return this.#inDoubt().reduce(sum, 0);
  }

  /** Nothing waits to be given to a connection. */
  get isGiven(): boolean {
    return this.#head() === undefined;
  }

  /** When {@link write} wants to be called again, in ms; may be too early. */
  deadlineMs(nowMs: number): number {
    const left = this.#left.peek();
    return Math.min(
      this.#expiry.atMs,
      left === undefined ? Infinity : left.leftAtMs + this.#graceMs,
      this.#leaving.length > 0 ? nowMs + POLL_MS : Infinity,
    );
  }

  send(message: OutgoingMessage): void {
    const { source, channel, meta, priority } = message.init;
    const { heldBytes, totalBytes = 0 } = source;
    const entry: Entry = {
      message,
      parts: new ByteParts(),
      bytes: source instanceof BytesSource ? source.whole() : undefined,
      heldBytes: 0,
      openBytes: 0,
      endAt: 0,
      leftAtMs: 0,
    };
    this.#entries.set(message, entry);
    this.#waiting[priority].add(entry);
    this.#expiry.add(message);
    source.onReady = this.#owner.wake;
    this.#count(entry, heldBytes, totalBytes);
    const unconveyed = channel === '' ? meta !== undefined && 'meta' : 'channel';
    const error = unconveyed ? new PlainModeError(unconveyed) : this.#refusal(entry, totalBytes);
    if (error !== undefined) this.#settle(entry, error);
  }

  /** What was given to the socket may arrive all the same. */
  abort(message: OutgoingMessage, error: ChunkSocketError): void {
    const entry = this.#entries.get(message);
    if (entry !== undefined) this.#settle(entry, error);
  }

  withdraw(): OutgoingMessage[] {
    const entries = this.#inOrder();
    for (const entry of entries) this.#forget(entry);
    return entries.map(({ message }) => message);
  }

  end(): OutgoingMessage[] {
    const doubted = this.#takeDoubted().filter(isUnsettled);
    for (const entry of doubted) this.#forget(entry);
    return [...doubted.map(({ message }) => message), ...this.withdraw()];
  }

  /** @param openMs - how long the connection took to open */
  connect(transport: MessageTransport, openMs: number): void {
    this.#transport = transport;
    this.#givenBytes = this.#givenCount = 0;
    this.#graceMs = Math.max(MIN_GRACE_MS, 2 * openMs);
  }

  /**
   * The connection is gone.
   *
   * @param code - its close code
   * @returns whether something was learned, so that it is worth coming back at once
   */
  disconnect(code: number, nowMs: number): boolean {
    // One that never opened says nothing.
    if (this.#transport === undefined) return false;
    this.#confirm(nowMs);
    const trial = this.#trial;
    const doubted = this.#takeDoubted();
    // Without anything that was sent it says nothing of messages.
    const isRefusal = code === messageTooBig && this.#givenCount > 0;
    const culprit = trial ?? (doubted.length === 1 && this.acceptedCount === 0 ? doubted[0] : undefined);
    if (isRefusal && culprit !== undefined) {
      this.#refused(doubted, culprit);
      return true;
    }
    const suspicion = this.limit.lost(code === abnormal && trial !== undefined ? sizeOf(trial) : undefined);
    if (isRefusal) this.#owner.contradicted(this.limit.contradicted());
    for (const entry of doubted) {
      const isSuspect = entry === trial && suspicion !== undefined;
      this.#settle(entry, isSuspect ? suspicion : new SessionLostError('connection', 'use a server of the protocol'));
    }
    if (isRefusal) this.#refuse(this.#inOrder());
    return isRefusal;
  }

  /** The peer answered our close: it has read all that was sent. */
  acceptAll(): void {
    for (const entry of this.#takeDoubted()) this.#accepted(entry);
  }

  /** Time has passed, or there is more to send: gives the socket what can be given, and tells what has become of it. */
  write(nowMs: number): void {
    for (const message of this.#expiry.take(nowMs)) this.abort(message, new ExpiredError());
    const transport = this.#transport;
    if (transport === undefined) return;
    // What is accepted makes way for the next larger one.
    this.#watch(nowMs, transport);
    this.#confirm(nowMs);
    for (let entry = this.#head(); entry !== undefined; entry = this.#head()) {
      const bytes = this.#read(entry);
      if (!isUnsettled(entry)) continue;
      if (bytes === undefined || transport.bufferedBytes >= MAX_TRANSPORT_BYTES) break;
      if (bytes.length > this.limit.knownBytes) {
        if (this.#trial !== undefined) break;
        this.#trial = entry;
      }
      this.#give(entry, bytes, transport);
    }
    this.#watch(nowMs, transport);
  }

  #give(entry: Entry, bytes: Uint8Array, transport: MessageTransport): void {
    const { message } = entry;
    const { source, priority } = message.init;
    this.#waiting[priority].delete(entry);
    this.#expiry.delete(message);
    message.state = 'written';
    message.channelNumber = 0;
    message.writtenBytes = bytes.length;
    entry.endAt = this.#givenBytes += bytes.length;
    this.#givenCount++;
    this.sentPackets++;
    this.sentBytes += bytes.length;
    this.#leaving.push(entry);
    if (source.isText) transport.sendText(decodeText(bytes) as string);
    else transport.send(bytes);
  }

  /** Notes what has left the socket's buffer. */
  #watch(nowMs: number, transport: MessageTransport): void {
    if (this.#transport !== transport) return;
    const leftBytes = this.#givenBytes - transport.bufferedBytes;
    for (let entry = this.#leaving.peek(); entry !== undefined; entry = this.#leaving.peek()) {
      const { message, endAt, heldBytes } = entry;
      const hasLeft = endAt <= leftBytes;
      const size = sizeOf(entry);
      const ackedBytes = Math.min(size, leftBytes - (endAt - size));
      if (hasLeft) {
        this.#leaving.shift();
        entry.leftAtMs = nowMs;
        this.#left.push(entry);
      }
      if (isUnsettled(entry) && ackedBytes > message.ackedBytes) {
        message.ackedBytes = ackedBytes;
        this.#count(entry, heldBytes, size - ackedBytes);
        this.#owner.progressed(message);
      }
      // A listener may have ended it all.
      if (!hasLeft || this.#transport !== transport) break;
    }
  }

  #confirm(nowMs: number): void {
    for (let entry = this.#left.peek(); entry !== undefined; entry = this.#left.peek()) {
      if (nowMs - entry.leftAtMs < this.#graceMs) break;
      this.#left.shift();
      this.#accepted(entry);
    }
  }

  #accepted(entry: Entry): void {
    this.acceptedCount++;
    this.limit.accepted(sizeOf(entry));
    if (this.#trial === entry) this.#trial = undefined;
    entry.message.ackedBytes = sizeOf(entry);
    entry.message.init.source.release();
    this.#settle(entry);
  }

  /** The server refused one message: it has processed those before it, and none behind it. */
  #refused(doubted: readonly Entry[], culprit: Entry): void {
    const index = doubted.indexOf(culprit);
    for (const entry of doubted.slice(0, index)) this.#accepted(entry);
    this.limit.refused(sizeOf(culprit));
    this.#settle(culprit, this.#refusal(culprit, sizeOf(culprit)));
    const again = doubted.slice(index + 1).filter(isUnsettled);
    const waiting = this.#inOrder();
    this.#waiting = { high: new Set(), auto: new Set(), low: new Set() };
    for (const entry of [...again, ...waiting]) this.#waiting[entry.message.init.priority].add(entry);
    for (const entry of again) {
      const { message } = entry;
      message.state = 'queued';
      message.channelNumber = -1;
      message.ackedBytes = 0;
      this.#expiry.add(message);
      this.resentBytes += sizeOf(entry);
      this.#count(entry, entry.heldBytes, sizeOf(entry));
    }
    this.#refuse([...again, ...waiting]);
  }

  /** Fails those that are over what is allowed now. */
  #refuse(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const error = this.#refusal(entry, entry.bytes?.length ?? entry.message.init.source.totalBytes ?? 0);
      if (error !== undefined) this.#settle(entry, error);
    }
  }

  /** Why a message of this size, or one of which so much is there, cannot be sent. */
  #refusal({ bytes, message }: Entry, size: number): MessageTooBigError | undefined {
    const { maxMessageBytes } = this.#owner;
    const totalBytes = bytes?.length ?? message.init.source.totalBytes;
    // What is in memory already need not be gathered.
    if (bytes !== undefined || size <= maxMessageBytes) return this.limit.refusal(size, totalBytes);
    return new MessageTooBigError(totalBytes, maxMessageBytes, 'what is gathered for a plain message, maxMessageBytes');
  }

  /** All of the message, once its source has given it. */
  #read(entry: Entry): Uint8Array | undefined {
    if (entry.bytes !== undefined) return entry.bytes;
    const { message, parts } = entry;
    const { source } = message.init;
    source.pull();
    for (let count = source.readyBytes; count > 0; count = source.readyBytes) {
      const error = this.#refusal(entry, parts.bytes + count);
      if (error !== undefined) {
        this.#settle(entry, error);
        return undefined;
      }
      const part = new Uint8Array(count);
      source.copy(part, 0, count);
      parts.add(part, true);
    }
    this.#count(entry, parts.bytes, source.totalBytes ?? parts.bytes);
    if (source.state === 'open') return undefined;
    if (source.state === 'failed') this.#settle(entry, new SourceError(source.error));
    else entry.bytes = parts.join();
    return entry.bytes;
  }

  /** The message to go on with. */
  #head(): Entry | undefined {
    for (const entries of Object.values(this.#waiting)) for (const entry of entries) return entry;
    return undefined;
  }

  #inOrder(): Entry[] {
    return Object.values(this.#waiting).flatMap((entries) => [...entries]);
  }

  #inDoubt(): Entry[] {
    return [...this.#left.toArray(), ...this.#leaving.toArray()];
  }

  /** The connection counts no more. */
  #takeDoubted(): Entry[] {
    const doubted = this.#inDoubt();
    this.#left.clear();
    this.#leaving.clear();
    this.#trial = this.#transport = undefined;
    return doubted;
  }

  #count(entry: Entry, heldBytes: number, openBytes: number): void {
    this.heldBytes += heldBytes - entry.heldBytes;
    this.bufferedBytes += openBytes - entry.openBytes;
    entry.heldBytes = heldBytes;
    entry.openBytes = openBytes;
  }

  #forget(entry: Entry): void {
    const { message } = entry;
    const { source, priority } = message.init;
    this.#entries.delete(message);
    this.#waiting[priority].delete(entry);
    this.#expiry.delete(message);
    this.#count(entry, 0, 0);
    source.onReady = undefined;
  }

  /** Told once, however often it is said. */
  #settle(entry: Entry, error?: ChunkSocketError): void {
    const { message } = entry;
    if (!isUnsettled(entry)) return;
    message.state = 'settled';
    this.#forget(entry);
    this.#owner.settle(message, error);
  }
}

/** Of a message that was read. */
function sizeOf({ bytes }: Entry): number {
  return (bytes as Uint8Array).length;
}

function isUnsettled({ message }: Entry): boolean {
  return message.state !== 'settled';
}
