import type { SendChannel, Slots } from './send-channel.ts';

/** What a channel may send before it gives its number to one that waits for it. */
const TURN_BYTES = 64 * 1024;
const NONE: readonly SendChannel[] = [];
/** So many more sources than could have a number now may be read. */
const SPARE_READS = 4;

/** The numbers of our channels: at most so many are open at a time, and none is used twice. */
export class ChannelNumbers implements Slots {
  /** Count of numbers that may be open; 0 while nobody has said. */
  maxCount = 0;
  /** The next number. */
  next = 1;
  readonly #main: SendChannel;
  /** Beside the main one; made for the first of them. */
  #open: Map<number, SendChannel> | undefined;
  /** Given up, and not taken back by the peer; made for the first of them. */
  #retiring: Map<number, SendChannel> | undefined;
  #active: Set<SendChannel> | undefined;
  /** How many of those the peer has heard of: they come back when its application has taken all, if it ever does. */
  #heardCount = 0;
  /** Where the last RETIRE ends in our stream: `Infinity` while it waits, 0 when the peer has read it. */
  #retireEnd = 0;

  constructor(main: SendChannel) {
    this.#main = main;
  }

  /** Channels that have something to send. */
  get active(): Iterable<SendChannel> {
    return this.#active ?? NONE;
  }

  get activeCount(): number {
    return this.#active?.size ?? 0;
  }

  /** The channel has something to send. */
  add(channel: SendChannel): void {
    (this.#active ??= new Set()).add(channel);
  }

  /** It has nothing to send any more. */
  remove(channel: SendChannel): void {
    this.#active?.delete(channel);
  }

  get canOpen(): boolean {
    return this.#freeCount > 0;
  }

  mayRead(): boolean {
    let left = this.#freeCount + SPARE_READS;
    for (const { isAhead } of this.active) if (isAhead && --left === 0) return false;
    return true;
  }

  get #freeCount(): number {
    return this.maxCount - 1 - (this.#open?.size ?? 0) - this.#retiringCount;
  }

  get #retiringCount(): number {
    return this.#retiring?.size ?? 0;
  }

  channel(number: number): SendChannel | undefined {
    return number === 0 ? this.#main : this.#open?.get(number);
  }

  /** Gives the channel the next number. */
  open(channel: SendChannel): void {
    channel.number = this.next++;
    (this.#open ??= new Map()).set(channel.number, channel);
  }

  /** The peer has taken a number back: whose it was. */
  taken(number: number): SendChannel | undefined {
    const channel = this.#retiring?.get(number);
    if (channel === undefined) return undefined;
    channel.isRetiring = false;
    this.#retiring?.delete(number);
    this.#heardCount = Math.min(this.#heardCount, this.#retiringCount);
    return channel;
  }

  /** All control frames are in our stream, which ends there. */
  written(end: number): void {
    if (this.#retireEnd === Infinity) this.#retireEnd = end;
  }

  /** The peer has read our stream up to `offset`: whether it knows now of all numbers given up, and could have answered. */
  heard(offset: number): boolean {
    if (this.#retireEnd === 0 || offset < this.#retireEnd) return false;
    this.#retireEnd = 0;
    this.#heardCount = this.#retiringCount;
    return true;
  }

  /**
   * Gives numbers up, one for each active channel that cannot open before it has one: of channels that have nothing to
   * send, or had their turn.
   *
   * @returns the channels that are to do without; their numbers are still there to be told
   */
  makeRoom(): readonly SendChannel[] {
    const open = this.#open;
    if (this.maxCount === 0 || this.canOpen || open === undefined) return NONE;
    const left: SendChannel[] = [];
    // Who waits for its own number to come back needs no other one.
    let wanted = this.#heardCount - this.#retiringCount;
    for (const channel of this.active) {
      if (channel.number < 0 && !channel.isRetiring && ++wanted > open.size) break;
    }
    for (const turnBytes of [Infinity, TURN_BYTES]) {
      for (const [number, channel] of open) {
        if (wanted <= 0) return left;
        const { head } = channel;
        const isFree = head === undefined || (head.state === 'queued' && channel.usedBytes >= turnBytes);
        if (!isFree) continue;
        open.delete(number);
        (this.#retiring ??= new Map()).set(number, channel);
        this.#retireEnd = Infinity;
        left.push(channel);
        wanted--;
      }
    }
    return left;
  }
}
