import type { SendChannel } from './send-channel.ts';

/** What a channel may send before it gives its number to one that waits for it. */
const TURN_BYTES = 64 * 1024;

/** The numbers of our channels: at most so many are open at a time, and none is used twice. */
export class ChannelNumbers {
  /** Count of numbers that may be open; 0 while nobody has said. */
  maxCount = 0;
  /** The next number. */
  next = 1;
  readonly #open = new Map<number, SendChannel>();
  /** Given up, and not taken back by the peer. */
  readonly #retiring = new Set<number>();

  constructor(main: SendChannel) {
    this.#open.set(0, main);
  }

  /** A further number may be opened now. */
  get canOpen(): boolean {
    return this.#open.size + this.#retiring.size < this.maxCount;
  }

  channel(number: number): SendChannel | undefined {
    return this.#open.get(number);
  }

  /** Gives the channel the next number. */
  open(channel: SendChannel): void {
    channel.number = this.next++;
    this.#open.set(channel.number, channel);
  }

  /** The peer has taken a number back. */
  taken(number: number): void {
    this.#retiring.delete(number);
  }

  /**
   * Gives numbers up, one for each of `active` that cannot open before it has one: of channels that have nothing to
   * send, or had their turn.
   *
   * @returns the channels that are to do without; their numbers are still there to be told
   */
  makeRoom(active: Iterable<SendChannel>): SendChannel[] {
    const { size } = this.#open;
    const left: SendChannel[] = [];
    if (this.maxCount === 0 || this.canOpen) return left;
    let wanted = -this.#retiring.size;
    for (const channel of active) if (channel.number < 0 && ++wanted === size) break;
    for (const turnBytes of [Infinity, TURN_BYTES]) {
      for (const [number, channel] of this.#open) {
        if (wanted <= 0) return left;
        const { head } = channel;
        const isFree = head === undefined || (head.state === 'queued' && channel.usedBytes >= turnBytes);
        if (number === 0 || !isFree) continue;
        this.#open.delete(number);
        this.#retiring.add(number);
        left.push(channel);
        wanted--;
      }
    }
    return left;
  }
}
