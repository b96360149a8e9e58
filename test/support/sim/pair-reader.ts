import type { IncomingMessage } from '../../../src/session/mux/incoming-message.ts';
import type { Pair, Side } from './pair.ts';
import { isPattern } from './pattern-source.ts';

/** What becomes of a message that is offered. */
export type Use = 'stream' | 'collect' | 'nothing';

/** A message as the application of one side takes it. */
export interface Taking {
  readonly message: IncomingMessage;
  readonly channel: string;
  readonly use: Use;
  /** Bytes taken so far. */
  bytes: number;
  isDone: boolean;
}

/** The application of one side of a pair: takes what is offered, and finds whether it is the pattern. */
export class PairReader {
  readonly takings: Taking[] = [];
  readonly #open = new Set<Taking>();
  isIntact = true;
  /** Channels of the messages that were taken to their end, in that order. */
  readonly done: string[] = [];
  readonly #pair: Pair;
  readonly #side: Side;
  readonly #choose: (message: IncomingMessage) => Use;

  constructor(pair: Pair, side: Side, choose: (message: IncomingMessage) => Use = () => 'stream') {
    this.#pair = pair;
    this.#side = side;
    this.#choose = choose;
  }

  taking(channel: string): Taking {
    const taking = this.takings.filter((one) => one.channel === channel).at(-1);
    if (taking === undefined) throw new Error(`nothing came on ${channel}`);
    return taking;
  }

  /** Takes what is there, but for what is to be left alone. */
  pump(): void {
    const session = this.#pair[this.#side];
    const { receiver } = session;
    for (;;) {
      for (const taking of this.#open) this.#take(taking);
      // Whoever has taken one message is offered the next.
      const message = receiver.nextIncoming();
      if (message === undefined) break;
      const use = this.#choose(message);
      const taking = { message, channel: message.channel.name, use, bytes: 0, isDone: false };
      this.takings.push(taking);
      this.#open.add(taking);
      if (use === 'stream') session.stream(message);
      else if (use === 'collect') receiver.collect(message);
    }
    this.#pair.collect();
  }

  /** Reads one part of a message that is streamed; how long it is. */
  readPart(taking: Taking): number {
    const { message } = taking;
    const part = this.#pair[this.#side].receiver.read(message);
    if (part !== undefined) this.#check(taking, part);
    if (message.isTaken && !taking.isDone) this.#finish(taking);
    return part?.length ?? 0;
  }

  #take(taking: Taking): void {
    const { message, use } = taking;
    if (taking.isDone) this.#open.delete(taking);
    else if (message.end !== undefined || message.use === 'dropped') taking.isDone = true;
    else if (use === 'stream') while (this.readPart(taking) > 0);
    else if (use === 'collect' && message.isWhole) {
      this.#check(taking, this.#pair[this.#side].receiver.takeData(message) as Uint8Array);
      this.#finish(taking);
    }
  }

  #check(taking: Taking, part: Uint8Array): void {
    this.isIntact &&= isPattern(part, taking.bytes);
    taking.bytes += part.length;
  }

  #finish(taking: Taking): void {
    taking.isDone = true;
    this.done.push(taking.channel);
  }
}

/**
 * Lets `ms` pass on a path that carries so many bytes a ms from the initiator to the acceptor, and any number back.
 *
 * @param each - what the applications do in each ms
 */
export function flow(pair: Pair, ms: number, bytesPerMs: number, each: () => void): void {
  let budget = 0;
  for (let i = 0; i < ms; i++) {
    pair.nowMs++;
    pair.tick();
    pair.write('initiator');
    budget = Math.min(budget, 0) + bytesPerMs;
    while (budget > 0 && pair.wire.initiator.length > 0) {
      budget -= pair.wire.initiator[0]?.length ?? 0;
      pair.deliver('initiator', 1);
      each();
      pair.write('acceptor');
    }
    each();
    pair.write('acceptor');
    pair.deliver('acceptor');
  }
}
