import type { IncomingMessage } from '../../../src/session/mux/incoming-message.ts';
import type { ReceiveChannel } from '../../../src/session/mux/receive-channel.ts';
import type { Session } from '../../../src/session/session.ts';

/** What the application has read of a message that it was told of. */
export interface Progress {
  readonly bytes: number;
  readonly manner: string;
}

/** Looks at a receiver from outside, after each step: whether it keeps and promises no more than it may. */
export class ReceiverWatch {
  readonly #session: Session;
  readonly #readings: ReadonlyMap<IncomingMessage, Progress>;
  /** The application says at once what becomes of a message. */
  readonly #isPrompt: boolean;
  readonly #fault: (text: string) => void;
  /** Channels that had a message for the application, and are not given up. */
  readonly #channels = new Set<ReceiveChannel>();

  constructor(
    session: Session,
    readings: ReadonlyMap<IncomingMessage, Progress>,
    isPrompt: boolean,
    fault: (text: string) => void,
  ) {
    this.#session = session;
    this.#readings = readings;
    this.#isPrompt = isPrompt;
    this.#fault = fault;
  }

  add(message: IncomingMessage): void {
    this.#channels.add(message.channel);
  }

  check(): void {
    const { terms, receiver } = this.#session;
    const { initialChannelCredit, maxOpenChannels, poolBytes } = terms;
    const boundBytes = maxOpenChannels * initialChannelCredit + poolBytes;
    const { heldBytes } = receiver;
    if (heldBytes > boundBytes) this.#fault(`${heldBytes} bytes are held, ${boundBytes} may be`);
    let promisedBytes = 0;
    let partial = 0;
    for (const channel of this.#channels) {
      if (channel.isRetired && channel.queue.length === 0) {
        this.#channels.delete(channel);
        continue;
      }
      const { arrivedBytes, handedBytes, limitBytes, aheadBytes } = channel;
      const openBytes = Math.max(limitBytes, arrivedBytes) - handedBytes;
      promisedBytes += Math.max(aheadBytes, openBytes - initialChannelCredit);
      const heldHere = arrivedBytes - handedBytes;
      const { costBytes, keptBytes } = this.#kept(channel);
      // The rest of a frame that is being read has been counted, and is not there yet.
      if (costBytes < heldHere) partial++;
      if (costBytes > heldHere) this.#fault(`${channel.name} holds ${costBytes} bytes, and counts ${heldHere}`);
      if (keptBytes > heldHere) this.#fault(`${channel.name} keeps ${keptBytes} bytes, and counts ${heldHere}`);
      if (this.#isPrompt) this.#checkUnread(channel);
    }
    if (promisedBytes > poolBytes) this.#fault(`${promisedBytes} bytes are promised, the pool has ${poolBytes}`);
    if (partial > 1) this.#fault(`${partial} channels count what they do not hold`);
  }

  /** What the messages of a channel cost, less what was given back; and the bytes of payload that are really there. */
  #kept(channel: ReceiveChannel): { costBytes: number; keptBytes: number } {
    let costBytes = 0;
    let keptBytes = 0;
    for (const message of channel.queue) {
      costBytes += message.costBytes - message.handedBytes;
      keptBytes += message.bytes - (this.#readings.get(message)?.bytes ?? 0);
    }
    return { costBytes, keptBytes };
  }

  /** A channel whose reader takes nothing gets nothing beyond what was ahead of it. */
  #checkUnread({ head, name, limitBytes, handedBytes, aheadBytes }: ReceiveChannel): void {
    const reading = head && this.#readings.get(head);
    if (reading === undefined || !/never|wait|trickle/.test(reading.manner)) return;
    const mostBytes = this.#session.terms.initialChannelCredit + aheadBytes;
    const openBytes = limitBytes - handedBytes;
    if (openBytes > mostBytes) this.#fault(`${name} is not read, and may hold ${openBytes} bytes of ${mostBytes}`);
  }
}
