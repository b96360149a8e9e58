import type { DataHead } from '../../protocol/frame.ts';
import { MESSAGE_COST_BYTES } from '../../protocol/limits.ts';
import { decodeText, decodeTextParts, encodeText } from '../../protocol/text.ts';
import { ByteParts } from './byte-parts.ts';
import type { ReceiveChannel } from './receive-channel.ts';

/**
 * What becomes of a message:
 * `open` nobody has said yet; `whole` it is handed over as one of many; `collected` whole, to who asked for it;
 * `streamed` as it comes; `dropped` what still comes is counted and thrown away.
 */
export type IncomingUse = 'open' | 'whole' | 'collected' | 'streamed' | 'dropped';

/** Of smaller messages, half a copy more or less does not matter. */
const MIN_RESERVED_BYTES = 1024 * 1024;

/** Why a message does not come to its end. Without a code the session has ended. */
export interface IncomingEnd {
  /** As in CANCEL. */
  readonly code?: number;
  readonly reason: string;
}

/**
 * A message on its way in, as the mux keeps it: from its first frame until the application has all of it. Memory grows
 * with what has arrived, to twice as much at most, and never with what was declared.
 */
export class IncomingMessage {
  readonly channel: ReceiveChannel;
  readonly head: DataHead;
  readonly ordinal: number;
  /** Position in the channel's credit at which the message starts, in bytes. */
  readonly startBytes: number;
  use: IncomingUse = 'open';
  /** When it turns out to be larger it is refused. */
  maxBytes: number;
  /** Payload that has come, in bytes. */
  bytes = 0;
  /** Credit given back, in bytes. */
  handedBytes = 0;
  /** The frame that ends the message is being read. */
  isFinishing = false;
  /** All of it has come. */
  isWhole = false;
  /** Set when the rest will not come. */
  end: IncomingEnd | undefined;
  /** The application has been told of it, and wants to know what becomes of it. */
  isWatched = false;
  /** Number of the turn in which it became whole. */
  wholeInTurn = -1;
  #partsOrNone: ByteParts | undefined;
  /** The whole of one that came in one slice. */
  #only: Uint8Array | undefined;
  #data: string | Uint8Array<ArrayBuffer> | undefined;
  /** Checks text that is handed on before it is whole. */
  #validator: TextDecoder | undefined;

  constructor(channel: ReceiveChannel, head: DataHead, startBytes: number, maxBytes: number) {
    this.maxBytes = maxBytes;
    this.channel = channel;
    this.head = head;
    this.ordinal = channel.nextOrdinal++;
    this.startBytes = startBytes;
  }

  /** What it costs so far: payload that has come, fields and the constant. */
  get costBytes(): number {
    return MESSAGE_COST_BYTES + this.head.fieldsBytes + this.bytes;
  }

  /** What it will cost, where that is known. */
  get totalCostBytes(): number | undefined {
    const { total } = this.head;
    return total === undefined ? undefined : this.costBytes - this.bytes + total;
  }

  /** The payload's length in bytes, as far as it is known. */
  get knownBytes(): number {
    return Math.max(this.bytes, this.head.total ?? 0);
  }

  /** Most messages come in one slice, and need none. */
  get #parts(): ByteParts {
    return (this.#partsOrNone ??= new ByteParts());
  }

  drop(): void {
    this.use = 'dropped';
    this.#validator = undefined;
    this.#partsOrNone = this.#data = this.#only = undefined;
  }

  /** Takes a slice that was counted; false where it makes text that is not UTF-8. */
  add(slice: Uint8Array, isLast: boolean): boolean {
    if (this.use === 'dropped') return true;
    const isStreamed = this.use === 'streamed';
    if (isLast && this.bytes === slice.length && !isStreamed) {
      this.#only = slice;
      return true;
    }
    const { total = 0, text } = this.head;
    // Text is put together as a string.
    const mayReserve = total >= MIN_RESERVED_BYTES && !text && !isStreamed && !isLast;
    if (mayReserve && this.bytes * 2 > total && !this.#parts.isReserved) this.#parts.reserve(total);
    this.#parts.add(slice, isLast && !isStreamed);
    return !isStreamed || this.#isValid(slice);
  }

  /**
   * All has come: makes the whole of it, unless it is streamed. False where it is text that is not UTF-8: that is never
   * whole.
   */
  finish(): boolean {
    return (this.isWhole = this.use === 'dropped' || (this.use === 'streamed' ? this.#isValid() : this.#make()));
  }

  #make(): boolean {
    const only = this.#only;
    this.#only = undefined;
    if (this.head.text) {
      this.#data = only === undefined ? decodeTextParts(this.#parts.takeAll()) : decodeText(only);
    } else {
      const data = only ?? this.#parts.join();
      this.#data = (data.length === data.buffer.byteLength ? data : data.slice()) as Uint8Array<ArrayBuffer>;
    }
    return this.#data !== undefined;
  }

  /** From here on it is handed on as it comes. False where it is text that is not UTF-8. */
  stream(): boolean {
    this.use = 'streamed';
    const data = this.#data;
    if (data !== undefined) {
      this.#data = undefined;
      this.#parts.add(typeof data === 'string' ? encodeText(data) : data, true);
      return true;
    }
    const slice = this.#parts.join();
    if (slice.length > 0) this.#parts.add(slice, true);
    return this.#isValid(slice);
  }

  /** The next bytes of one that is streamed, with a buffer that nobody else uses. */
  shift(): Uint8Array<ArrayBuffer> | undefined {
    return this.#partsOrNone?.shift();
  }

  /** What {@link shift} can give. */
  get unreadBytes(): number {
    return this.#partsOrNone?.bytes ?? 0;
  }

  /** Nothing of it is left to be taken. */
  get isTaken(): boolean {
    return this.isWhole && this.unreadBytes === 0;
  }

  /** The whole of one that is not streamed. */
  takeData(): string | Uint8Array<ArrayBuffer> {
    const data = this.#data as string | Uint8Array<ArrayBuffer>;
    this.#data = undefined;
    return data;
  }

  /** Whether the text is UTF-8 so far; without a slice, to its end. */
  #isValid(slice?: Uint8Array): boolean {
    if (!this.head.text) return true;
    try {
      this.#validator ??= new TextDecoder('utf-8', { fatal: true });
      this.#validator.decode(slice, { stream: slice !== undefined });
      return true;
    } catch {
      return false;
    }
  }
}
