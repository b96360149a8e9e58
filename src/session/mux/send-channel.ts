import { MESSAGE_COST_BYTES } from '../../protocol/limits.ts';
import { Queue } from '../queue.ts';
import type { OutgoingMessage, Priority } from './outgoing-message.ts';

/** Shares of the path while all of them have something to send. */
const WEIGHTS: Readonly<Record<Priority, number>> = { high: 16, auto: 4, low: 1 };

const NO_FIELDS = new Uint8Array();

/** What the message at the head of a channel needs before it can go on. */
export type Readiness = 'ready' | 'empty' | 'credit' | 'slot' | 'source';

/** What a channel without a number asks. */
export interface Slots {
  /** A further number may be opened now. */
  readonly canOpen: boolean;
  /** The source of one more channel without a number may be read. */
  mayRead(): boolean;
}

/**
 * Our side of one channel: the messages waiting on it, in order, and the credit that the peer gave.
 * Invariant: `usedBytes <= limitBytes`, both cumulative since the number was opened.
 */
export class SendChannel {
  readonly name: string;
  /** -1 until the first DATA opens a number, and again once that is retired. */
  number: number;
  /** The number was given up, and the peer has not taken it back: what follows would wait there for what came before. */
  isRetiring = false;
  limitBytes: number;
  usedBytes = 0;
  /** The limit at which the peer was told that we are held up. */
  blockedAtBytes = -1;
  nextOrdinal = 0;
  /** Virtual time of start-time fair queueing: the channel with the least goes next. */
  clock = 0;
  readonly #queue = new Queue<OutgoingMessage>();
  #headFields: Uint8Array | undefined;
  /** The head's source was told to read. */
  #isPulled = false;

  constructor(name: string, number: number, limitBytes: number) {
    this.name = name;
    this.number = number;
    this.limitBytes = limitBytes;
  }

  /** The message to go on with; those given up meanwhile are passed over. */
  get head(): OutgoingMessage | undefined {
    let message = this.#queue.peek();
    while (message?.state === 'settled') {
      this.shift();
      message = this.#queue.peek();
    }
    return message;
  }

  get creditBytes(): number {
    return this.limitBytes - this.usedBytes;
  }

  /** The peer was told that credit holds it up, and has not given any since. */
  get isHeldUp(): boolean {
    return this.blockedAtBytes === this.limitBytes;
  }

  get weight(): number {
    return WEIGHTS[this.head?.init.priority ?? 'auto'];
  }

  push(message: OutgoingMessage): void {
    this.#queue.push(message);
  }

  shift(): void {
    this.#queue.shift();
    this.#headFields = undefined;
    this.#isPulled = false;
  }

  /** The number is given up: the next message opens another one. */
  retire(limitBytes: number): void {
    this.number = -1;
    this.isRetiring = true;
    this.limitBytes = limitBytes;
    this.usedBytes = this.nextOrdinal = 0;
    this.blockedAtBytes = -1;
    this.#headFields = undefined;
  }

  /** Roughly the bytes that could be written now, at most `max`; more than 0 when the head is ready. */
  pendingBytes(max: number): number {
    let credit = this.creditBytes;
    let bytes = 0;
    for (let i = 0; bytes < max && credit >= 0; i++) {
      const message = this.#queue.at(i);
      if (message === undefined) break;
      if (message.state === 'settled') continue;
      const { source, meta } = message.init;
      const { readyBytes } = source;
      bytes += Math.min(readyBytes, credit) + (meta === undefined ? 24 : 256);
      credit -= readyBytes + MESSAGE_COST_BYTES;
      if (source.state !== 'ended') break;
    }
    return Math.min(bytes, max);
  }

  messages(): OutgoingMessage[] {
    return this.#queue.toArray().filter((message) => message.state !== 'settled');
  }

  /** Fields of the head's first frame. */
  headFields(message: OutgoingMessage): Uint8Array {
    if (this.#headFields !== undefined) return this.#headFields;
    const name = this.number < 0 ? this.name : undefined;
    const isPlain = name === undefined && message.init.meta === undefined && message.origin === undefined;
    return (this.#headFields = isPlain ? NO_FIELDS : message.fields(name));
  }

  /** What the head's first frame costs beside payload. */
  headCostBytes(message: OutgoingMessage): number {
    return message.state === 'queued' ? MESSAGE_COST_BYTES + this.headFields(message).length : 0;
  }

  /** It has no number, and what it is to send is being read all the same. */
  get isAhead(): boolean {
    if (this.number >= 0 || !this.#isPulled) return false;
    const { totalBytes, readyBytes = 0 } = this.head?.init.source ?? {};
    // A stream that has nothing may have nothing for long: no other one waits for it.
    return totalBytes !== undefined || readyBytes > 0;
  }

  readiness(slots: Slots): Readiness {
    const message = this.head;
    if (message === undefined) return 'empty';
    const { source } = message.init;
    if (this.number < 0 && (this.isRetiring || !slots.canOpen || !(this.#isPulled || slots.mayRead()))) return 'slot';
    this.#isPulled = true;
    source.pull();
    if (source.readyBytes === 0 && source.state !== 'ended') return 'source';
    const credit = this.creditBytes - this.headCostBytes(message);
    // The end of a message, or the start of one, needs no credit for payload.
    if (credit < 0 || (credit === 0 && message.state === 'started' && source.readyBytes > 0)) return 'credit';
    return 'ready';
  }
}
