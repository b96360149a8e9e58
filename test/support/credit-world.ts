import { expect } from 'vitest';
import type { IncomingMessage } from '../../src/session/mux/incoming-message.ts';
import { INITIAL, ReceiverBench } from './receiver-bench.ts';

/** How the application takes a message; `stream` is read by the test bit by bit, or never. */
export type Manner = 'whole' | 'collect' | 'read' | 'stream' | 'wait' | 'reject';

/** A message that the peer has begun. */
interface Sending {
  readonly ordinal: number;
  /** What it will be; the receiver is told of it in advance, or not. */
  readonly length: number;
  readonly isKnown: boolean;
  sent: number;
  isRejected: boolean;
}

/** A channel number as the peer keeps it. */
interface Sender {
  readonly number: number;
  used: number;
  nextOrdinal: number;
  blockedAt: number;
  current: Sending | undefined;
}

/** A receiver, a peer that keeps to every rule, and an application that takes messages in many manners. */
export class CreditWorld {
  readonly #bench: ReceiverBench;
  /** One more number may be open than there are names: the last one is for {@link arrives}. */
  readonly #names: string[];
  readonly #senders = new Map<string, Sender>();
  readonly #retiring = new Set<number>();
  #nextNumber = 1;
  /** Messages that wait for a decision. */
  readonly #undecided: IncomingMessage[] = [];
  /** Messages that are read bit by bit. */
  readonly #streams: IncomingMessage[] = [];
  readonly #read = new Set<IncomingMessage>();
  readonly #collected = new Set<IncomingMessage>();

  constructor(maxWholeBytes: number, spareBytes: number, channelCount: number) {
    this.#bench = new ReceiverBench({
      maxWholeBytes,
      maxMessageBytes: 1 << 30,
      poolBytes: maxWholeBytes + 8192 + spareBytes,
      maxOpenChannels: channelCount + 1,
    });
    this.#names = Array.from({ length: channelCount }, (_, index) => (index === 0 ? '' : `n${index}`));
    this.#senders.set('', { number: 0, used: 0, nextOrdinal: 0, blockedAt: 0, current: undefined });
  }

  /** The peer begins a message, or goes on with it, as far as the credit goes. */
  send(channel: number, bytes: number, next: { length: number; isKnown: boolean }, manner: Manner): void {
    const name = this.#nameOf(channel);
    const sender = this.#senders.get(name) ?? this.#newSender();
    if (sender === undefined) return;
    if (sender.current === undefined) this.#begin(sender, name, bytes, next, manner);
    else this.#goOn(sender, sender.current, bytes, manner);
    this.#check();
  }

  cancel(channel: number): void {
    const sender = this.#senders.get(this.#nameOf(channel));
    if (sender?.current === undefined) return;
    this.#cancel(sender, sender.current);
    this.#check();
  }

  /** The peer gives the number up; the name's next message opens another one. */
  retire(channel: number): void {
    const name = this.#nameOf(channel);
    const sender = this.#senders.get(name);
    if (sender === undefined || sender.number === 0 || sender.current !== undefined) return;
    expect(this.#bench.retire(sender.number)).toBeUndefined();
    this.#retiring.add(sender.number);
    this.#senders.delete(name);
    this.#turn('whole');
    this.#check();
  }

  /** One of the streams is read a little. */
  read(index: number): void {
    const message = this.#streams[index % this.#streams.length];
    if (message !== undefined) this.#bench.receiver.read(message);
    this.#turn('whole');
    this.#check();
  }

  /** One of the streams is given up. */
  drop(index: number): void {
    const [message] = this.#streams.splice(index % this.#streams.length, 1);
    if (message !== undefined && isWaiting(message)) this.#bench.receiver.reject(message, '');
    this.#turn('whole');
    this.#check();
  }

  /** What becomes of a message that was left open is said now. */
  decide(index: number, manner: Manner): void {
    const [message] = this.#undecided.splice(index % this.#undecided.length, 1);
    if (message?.use === 'open') this.#take(message, manner);
    this.#turn('whole');
    this.#check();
  }

  /**
   * All that was left open is taken whole, and the peer goes on with what it has begun, round by round: everything but
   * what is behind a stream that nobody reads comes to its end. That is given up.
   */
  finish(): void {
    while (this.#undecided.length > 0) this.decide(0, 'whole');
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const [channel, name] of this.#names.entries()) {
        const { used, current } = this.#senders.get(name) ?? {};
        if (current === undefined) continue;
        this.send(channel, Infinity, current, 'whole');
        const after = this.#senders.get(name);
        isMoving ||= after?.used !== used || after?.current !== current;
      }
    }
    for (const [channel, name] of this.#names.entries()) {
      const { current } = this.#senders.get(name) ?? {};
      if (current === undefined) continue;
      const isUnread = this.#streams.some((message) => message.channel.name === name && isWaiting(message));
      expect({ name, current, isUnread }).toMatchObject({ isUnread: true });
      this.cancel(channel);
    }
  }

  /** A message on a channel of its own that is taken in this manner comes to its end. */
  arrives(length: number, isKnown: boolean, manner: 'whole' | 'collect' | 'read'): void {
    const sender = this.#newSender(true) as Sender;
    this.#begin(sender, 'last', Infinity, { length, isKnown }, manner);
    for (let before = -1; sender.current !== undefined && before < sender.used;) {
      before = sender.used;
      this.#goOn(sender, sender.current, Infinity, manner);
    }
    expect(sender.current).toBeUndefined();
    this.retire(this.#names.length);
    expect(this.#retiring).not.toContain(sender.number);
  }

  #nameOf(channel: number): string {
    return this.#names[channel] ?? 'last';
  }

  #newSender(isLast = false): Sender | undefined {
    if (!isLast && this.#senders.size + this.#retiring.size >= this.#names.length) return undefined;
    return { number: this.#nextNumber, used: 0, nextOrdinal: 0, blockedAt: 0, current: undefined };
  }

  #begin(
    sender: Sender,
    name: string,
    bytes: number,
    { length, isKnown }: { length: number; isKnown: boolean },
    manner: Manner,
  ): void {
    const isNew = sender.number === this.#nextNumber;
    const headBytes = 64 + (isNew ? 2 + name.length : 0);
    const room = this.#bench.limit(sender.number) - sender.used - headBytes;
    if (room < 0) {
      this.#blocked(sender);
      return;
    }
    if (isNew) {
      this.#nextNumber++;
      this.#senders.set(name, sender);
    }
    const sent = Math.min(bytes, room, length);
    const fin = sent === length;
    const total = isKnown && !fin ? length : undefined;
    const ordinal = sender.nextOrdinal++;
    sender.used += headBytes + sent;
    if (!fin) sender.current = { ordinal, length, isKnown, sent, isRejected: false };
    const options = { fin, total, ...(isNew ? { name } : {}) };
    expect(this.#bench.start(sender.number, sent, options)).toBeUndefined();
    this.#turn(manner);
  }

  #goOn(sender: Sender, current: Sending, bytes: number, manner: Manner): void {
    if (current.isRejected) {
      this.#cancel(sender, current);
      return;
    }
    const part = Math.min(bytes, this.#bench.limit(sender.number) - sender.used, current.length - current.sent);
    if (part <= 0) {
      this.#blocked(sender);
      return;
    }
    current.sent += part;
    sender.used += part;
    const fin = current.sent === current.length;
    if (fin) sender.current = undefined;
    expect(this.#bench.frame(sender.number, part, { fin })).toBeUndefined();
    this.#turn(manner);
  }

  #cancel(sender: Sender, { ordinal, isKnown, length, sent }: Sending): void {
    if (isKnown) sender.used += length - sent;
    sender.current = undefined;
    expect(this.#bench.cancel(sender.number, ordinal)).toBeUndefined();
    this.#turn('whole');
  }

  /** Said once for each limit. */
  #blocked(sender: Sender): void {
    const limit = this.#bench.limit(sender.number);
    if (sender.number === this.#nextNumber || sender.blockedAt === limit) return;
    sender.blockedAt = limit;
    expect(this.#bench.blocked(sender.number)).toBeUndefined();
    this.#turn('whole');
  }

  /** As a driver does: the application has a look, then what is due is written. */
  #turn(manner: Manner): void {
    const bench = this.#bench;
    for (let isMoving = true; isMoving;) {
      const told = bench.told();
      for (const message of told) this.#take(message, manner);
      const effects = bench.effects.splice(0);
      for (const effect of effects) if (effect.kind === 'incoming') this.#changed(effect.incoming);
      // A listener for whole messages comes and goes.
      const handed = this.#undecided.length > 0 ? [] : bench.handed();
      isMoving = told.length + effects.length + handed.length > 0;
    }
    for (const frame of bench.endTurn()) {
      if (frame.type === 'retired') this.#retiring.delete(frame.channel);
      if (frame.type !== 'reject') continue;
      for (const { number, current } of this.#senders.values()) {
        if (number === frame.channel && current?.ordinal === frame.ordinal) current.isRejected = true;
      }
    }
  }

  #take(message: IncomingMessage, manner: Manner): void {
    const { receiver } = this.#bench;
    if (manner === 'wait') this.#undecided.push(message);
    else if (manner === 'reject') receiver.reject(message, '');
    else if (manner === 'whole') receiver.takeWhole(message);
    else if (manner === 'collect') {
      receiver.collect(message);
      this.#collected.add(message);
    } else {
      expect(receiver.stream(message)).toBeUndefined();
      if (manner === 'read') this.#read.add(message);
      else this.#streams.push(message);
    }
    this.#changed(message);
  }

  #changed(message: IncomingMessage): void {
    const { receiver } = this.#bench;
    if (this.#read.has(message)) while (receiver.read(message) !== undefined);
    if (!message.isWhole || message.use !== 'collected' || !this.#collected.delete(message)) return;
    receiver.takeData(message);
  }

  /** What is held, and what may come at any time, is within what was promised. */
  #check(): void {
    const { receiver, terms } = this.#bench;
    const { maxOpenChannels, poolBytes } = terms;
    const bound = maxOpenChannels * INITIAL + poolBytes;
    let mayComeBytes = (maxOpenChannels - this.#senders.size - this.#retiring.size) * INITIAL;
    for (const { number, used } of this.#senders.values()) {
      mayComeBytes += Math.max(0, this.#bench.limit(number) - used);
    }
    expect(receiver.heldBytes).toBeGreaterThanOrEqual(0);
    expect(receiver.heldBytes + mayComeBytes).toBeLessThanOrEqual(bound);
  }
}

/** The application has not seen the end of it. */
function isWaiting(message: IncomingMessage): boolean {
  return message.channel.queue.includes(message);
}
