import { FrameDecoder } from '../../../src/protocol/frame-decoder.ts';
import type { FrameSink } from '../../../src/protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../../src/protocol/frame.ts';
import { MESSAGE_COST_BYTES, MIN_CHANNEL_CREDIT } from '../../../src/protocol/limits.ts';
import { decodePacket } from '../../../src/protocol/packet.ts';
import type { Terms } from '../../../src/protocol/terms.ts';
import { check } from '../engine/target.ts';

interface Channel {
  costBytes: number;
  limitBytes: number;
  isOpen: boolean;
  /** Of the message that is being sent. */
  leftBytes: number | undefined;
}

/**
 * Reads what the session writes, as a peer does that trusts nothing: whatever was done to the session, it keeps to the
 * protocol itself.
 */
export class PeerView implements FrameSink {
  /** Channel numbers that the session has opened, 0 included. */
  openedCount = 1;
  /** End of the session's stream as far as it was written to any connection. */
  end = 0;
  /** The same for the present connection. */
  sentHere = 0;
  readonly #stream: Uint8Array[] = [];
  readonly #decoder = new FrameDecoder(this);
  readonly #channels = new Map<number, Channel>();
  /** What the peer granted, by channel number. */
  readonly #credits = new Map<number, number>();
  readonly #isAcceptor: boolean;
  #terms: Terms | undefined;
  #ackedHere = 0;
  #restBytes = 0;
  #isClosed = false;
  #current: Channel | undefined;
  #isFin = false;

  /** @param isAcceptor - of the session that is watched */
  constructor(isAcceptor: boolean) {
    this.#isAcceptor = isAcceptor;
    this.#open(0, MIN_CHANNEL_CREDIT);
  }

  /** The peer has said what it takes. */
  said(terms: Terms): void {
    if (this.#terms !== undefined) return;
    this.#terms = terms;
    for (const channel of this.#channels.values()) {
      channel.limitBytes = Math.max(channel.limitBytes, terms.initialChannelCredit);
    }
  }

  /** A new connection, on which the session goes on from `received`. */
  attached(received: number, acked: number): void {
    this.sentHere = received;
    this.#ackedHere = acked;
  }

  /** The peer sent CREDIT or RETIRED. */
  control(frame: ControlFrame): undefined {
    check(!(this.#isAcceptor ? [] : ['goaway', 'limit']).includes(frame.type), 'GOAWAY and LIMIT are the acceptor’s');
    switch (frame.type) {
      case 'retire': {
        const channel = this.#channels.get(frame.channel);
        check(channel?.isOpen === true && frame.channel > 0, 'RETIRE is of an open channel');
        check(channel.leftBytes === undefined, 'RETIRE is not inside a message');
        channel.isOpen = false;
        break;
      }
      case 'cancel':
        this.#cancelled(frame);
        break;
      case 'close':
        check(!this.#isClosed, 'CLOSE is said once');
        this.#isClosed = true;
        break;
      case 'goaway':
        check(!this.#isClosed, 'GOAWAY is not behind CLOSE');
        break;
      case 'blocked':
        check(this.#channels.get(frame.channel)?.isOpen === true, 'BLOCKED is of an open channel');
        break;
      case 'credit':
      case 'reject':
      case 'retired':
      case 'limit':
    }
    return undefined;
  }

  /** The peer gave credit, and the session knows. */
  credited(channel: number, limit: number): void {
    // Also one of which only a part of the first head was written.
    this.#credits.set(channel, Math.max(limit, this.#credits.get(channel) ?? 0));
    const known = this.#channels.get(channel);
    if (known !== undefined) known.limitBytes = Math.max(known.limitBytes, limit);
  }

  /** A packet that the session wrote, of at most `maxBytes`; it took `received` bytes of the peer's stream so far. */
  wrote(bytes: Uint8Array, maxBytes: number, received: number): void {
    check(bytes.length <= maxBytes, () => `a packet of ${bytes.length} bytes where ${maxBytes} are allowed`);
    const packet = decodePacket(bytes);
    check(typeof packet === 'object' && packet.kind === 'stream', 'what is written is a packet');
    check(packet.ack <= received, () => `${packet.ack} is acknowledged of ${received}`);
    check(packet.ack >= this.#ackedHere, 'acknowledgements do not go back');
    this.#ackedHere = packet.ack;
    const { offset, slice } = packet;
    if (slice.length === 0) return;
    check(offset === this.sentHere, () => `a slice at ${offset} behind ${this.sentHere}`);
    this.sentHere = offset + slice.length;
    const known = Math.min(slice.length, this.end - offset);
    if (known > 0) this.#checkAgain(offset, slice.subarray(0, known));
    const fresh = slice.slice(known);
    if (fresh.length === 0) return;
    this.#stream.push(fresh);
    this.end += fresh.length;
    const violation = this.#decoder.push(fresh);
    check(violation === undefined, () => `the session writes ${violation ?? ''}`);
  }

  dataStart(head: DataHead): undefined {
    check(!this.#isClosed, 'DATA is not behind CLOSE');
    let channel = this.#channels.get(head.channel);
    if (channel === undefined) {
      check(head.channel === this.openedCount, () => `channel ${head.channel} is opened as number ${this.openedCount}`);
      check(head.first && head.fields?.name !== undefined, 'a new channel has a name');
      channel = this.#open(head.channel, this.#terms?.initialChannelCredit ?? MIN_CHANNEL_CREDIT);
      this.openedCount++;
    } else check(head.fields?.name === undefined, 'only a new channel has a name');
    check(channel.isOpen, 'DATA is on an open channel');
    check(head.first === (channel.leftBytes === undefined), 'FIRST begins a message, and nothing else does');
    channel.costBytes += head.payloadBytes + (head.first ? MESSAGE_COST_BYTES + head.fieldsBytes : 0);
    check(
      channel.costBytes <= channel.limitBytes,
      () => `${channel.costBytes} of ${channel.limitBytes} credit is used`,
    );
    channel.leftBytes = (head.first ? (head.total ?? Infinity) : (channel.leftBytes ?? 0)) - head.payloadBytes;
    check(channel.leftBytes >= 0, 'a message is no longer than its total');
    if (head.fin && !head.first) check([0, Infinity].includes(channel.leftBytes), 'a message is as long as its total');
    this.#restBytes = head.payloadBytes;
    this.#current = channel;
    this.#isFin = head.fin;
    return undefined;
  }

  dataPayload(bytes: Uint8Array): undefined {
    this.#restBytes -= bytes.length;
    check(this.#restBytes >= 0, 'a frame is as long as its head says');
    return undefined;
  }

  dataEnd(): undefined {
    if (this.#isFin && this.#current !== undefined) this.#current.leftBytes = undefined;
    return undefined;
  }

  #open(number: number, limitBytes: number): Channel {
    const limit = Math.max(limitBytes, this.#credits.get(number) ?? 0);
    const channel = { costBytes: 0, limitBytes: limit, isOpen: true, leftBytes: undefined };
    this.#channels.set(number, channel);
    const openCount = [...this.#channels.values()].filter(({ isOpen }) => isOpen).length;
    check(openCount <= (this.#terms?.maxOpenChannels ?? 1), 'no more channels are open than the peer takes');
    return channel;
  }

  #cancelled({ channel: number }: ControlFrame & { type: 'cancel' }): void {
    const channel = this.#channels.get(number);
    check(channel?.isOpen === true, 'CANCEL is of an open channel');
    // What was announced counts as sent.
    if (channel.leftBytes !== undefined && channel.leftBytes < Infinity) channel.costBytes += channel.leftBytes;
    channel.leftBytes = undefined;
  }

  #checkAgain(offset: number, again: Uint8Array): void {
    let at = 0;
    let index = 0;
    for (const chunk of this.#stream) {
      const from = Math.max(at, offset);
      const to = Math.min(at + chunk.length, offset + again.length);
      for (let i = from; i < to; i++, index++) {
        check(chunk[i - at] === again[i - offset], 'what is sent again is what was sent');
      }
      at += chunk.length;
    }
    check(index === again.length, 'what is sent again was sent');
  }
}
