import type { ClosedError } from '../errors/session-errors.ts';
import { BufferFullError, MessageTooBigError } from '../errors/transfer-errors.ts';
import { encodeText } from '../protocol/text.ts';
import { atTaskEnd } from './at-task-end.ts';
import { toBinaryForm } from './binary-form.ts';
import type { BinaryType, MessageEvent } from './events.ts';
import type { MessageTransport } from './message-transport.ts';
import { Outbox } from './outbox.ts';
import type { OutboxOwner } from './outbox.ts';
import { toSource } from './payload.ts';
import type { SendData } from './payload.ts';
import { MAX_TRANSPORT_BYTES, PlainQueue } from './plain-queue.ts';
import type { SendOptions } from './send-options.ts';
import type { Stats } from './stats.ts';
import type { Transfer } from './transfer.ts';

const MIN_UNHEARD_BYTES = 64;

/** What the port needs of the socket around it. */
export interface PlainPortOwner extends OutboxOwner {
  readonly binaryType: BinaryType;
  /** Bytes of the largest message that is taken, or gathered to be sent. */
  readonly maxMessageBytes: number;
  /** Bytes of messages kept until somebody listens. */
  readonly poolBytes: number;
  /** All that can be done now is done. */
  flushed(): void;
}

/**
 * Sends and receives messages of WebSocket as they are, over one connection after the other: no session, no
 * acknowledgement. The same from outside as a `SessionPort`.
 */
export class PlainPort {
  readonly #owner: PlainPortOwner;
  readonly #queue: PlainQueue;
  readonly #outbox: Outbox;
  /** Nobody has listened yet; with the size of each. */
  readonly #unheard: [MessageEvent, number][] = [];
  #unheardBytes = 0;
  #transport: MessageTransport | undefined;
  #isOver = false;
  #stopTimer: (() => void) | undefined;
  #timerAtMs = Infinity;
  #connections = 0;
  #receivedBytes = 0;
  #receivedPackets = 0;

  /** @param outbox - with messages that were sent before it was clear how */
  constructor(owner: PlainPortOwner, outbox?: Outbox) {
    this.#owner = owner;
    this.#queue = new PlainQueue({
      maxMessageBytes: owner.maxMessageBytes,
      settle: (message, error) => {
        this.#outbox.settle(message, error);
      },
      progressed: (message) => {
        this.#outbox.progressed(message);
      },
      contradicted: (error) => {
        owner.emitter.emit('error', { error });
      },
      wake: this.schedule,
    });
    this.#outbox = outbox ?? new Outbox(owner, this.#queue, this.schedule);
    outbox?.moveTo(this.#queue, this.schedule);
    owner.emitter.onListen = this.schedule;
  }

  /** Bytes of payload that have not left, waiting ones included. */
  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  get ready(): Promise<void> {
    return this.#outbox.ready;
  }

  /** Nothing waits for a connection. */
  get isGiven(): boolean {
    return this.#queue.isGiven;
  }

  /** Messages that count as accepted, so far. */
  get acceptedCount(): number {
    return this.#queue.acceptedCount;
  }

  send(data: SendData, options: SendOptions = {}): Transfer {
    return this.#outbox.send(() => toSource(data, options.transfer), options);
  }

  /** @param openMs - how long the connection took to open */
  connect(transport: MessageTransport, openMs: number): void {
    this.#connections++;
    this.#transport = transport;
    this.#queue.connect(transport, openMs);
    this.flush();
  }

  /**
   * The connection is gone.
   *
   * @param code - its close code; undefined where the peer answered our close, and so has all
   * @returns whether something was learned, so that it is worth coming back at once
   */
  disconnect(code: number | undefined): boolean {
    this.#transport = undefined;
    if (code === undefined) this.#queue.acceptAll();
    const isWorthIt = code !== undefined && this.#queue.disconnect(code, this.#owner.clock.now());
    this.flush();
    return isWorthIt;
  }

  /** A message has come. It waits until somebody listens. */
  receive(data: string | Uint8Array): void {
    const { emitter, maxMessageBytes, poolBytes, binaryType } = this.#owner;
    const size = typeof data === 'string' ? encodeText(data).length : data.length;
    this.#receivedPackets++;
    this.#receivedBytes += size;
    const hasListener = emitter.has('message');
    // What it costs at least, however small it is.
    const heldBytes = Math.max(size, MIN_UNHEARD_BYTES);
    if (size > maxMessageBytes) {
      emitter.emit('error', { error: new MessageTooBigError(size, maxMessageBytes, 'our own maxMessageBytes') });
    } else if (!hasListener && this.#unheardBytes + heldBytes > poolBytes) {
      emitter.emit('error', { error: new BufferFullError(size, this.#unheardBytes, poolBytes) });
    } else {
      const form = typeof data === 'string' ? data : toBinaryForm(data as Uint8Array<ArrayBuffer>, binaryType, {});
      const event = { data: form, channel: '', meta: undefined, possibleDuplicateOf: undefined };
      this.#unheard.push([event, heldBytes]);
      this.#unheardBytes += heldBytes;
    }
    this.flush();
  }

  /** From here on nothing is taken: every transfer fails with `error`. */
  stopTaking(error: ClosedError): void {
    this.#outbox.stopTaking(error);
  }

  /** All is over: fails what is left. */
  end(error: ClosedError): void {
    this.stopTaking(error);
    this.#isOver = true;
    for (const message of this.#outbox.takeBack()) this.#outbox.settle(message, error);
    this.flush();
  }

  /** Runs at the end of this task. */
  readonly schedule: () => void = atTaskEnd(() => {
    this.flush();
  });

  /** Hands out what has come, and writes what can be written. */
  flush(): void {
    const { emitter, clock } = this.#owner;
    while (!this.#isOver && emitter.has('message')) {
      const [event, heldBytes] = this.#unheard.shift() ?? [];
      if (event === undefined) break;
      this.#unheardBytes -= heldBytes as number;
      emitter.emit('message', event);
    }
    this.#queue.write(clock.now());
    this.#outbox.update();
    this.#arm();
    if (!this.#isOver) this.#owner.flushed();
  }

  stats(): Stats {
    const { sentBytes, sentPackets, resentBytes, doubtedBytes, limit } = this.#queue;
    return {
      sentBytes,
      sentPackets,
      resentBytes,
      receivedBytes: this.#receivedBytes,
      receivedPackets: this.#receivedPackets,
      connections: this.#connections,
      bufferedBytes: this.bufferedBytes,
      inFlightBytes: doubtedBytes,
      windowBytes: MAX_TRANSPORT_BYTES,
      rttMs: 0,
      bytesPerSecond: 0,
      limitBytes: Math.max(0, limit.refusedBytes - 1),
      limitFloorBytes: limit.knownBytes,
      limitCeilingBytes: limit.refusedBytes,
      channels: this.#outbox.channels,
    };
  }

  /** The socket's buffer is empty, and nothing waits for it. */
  get isDrained(): boolean {
    return this.isGiven && this.#transport?.bufferedBytes === 0;
  }

  #arm(): void {
    const { clock } = this.#owner;
    const nowMs = clock.now();
    const deadlineMs = this.#isOver ? Infinity : this.#queue.deadlineMs(nowMs);
    if (deadlineMs === this.#timerAtMs) return;
    this.#stopTimer?.();
    this.#timerAtMs = deadlineMs;
    if (deadlineMs === Infinity) return;
    this.#stopTimer = clock.setTimer(Math.max(0, deadlineMs - nowMs), () => {
      this.#timerAtMs = Infinity;
      this.flush();
    });
  }
}
