import { truncateReason } from '../../src/protocol/close-codes.ts';
import type { Transport, TransportClose, TransportHandlers } from '../../src/runtime/transport.ts';

type Item =
  | { readonly kind: 'open' }
  | { readonly kind: 'text' }
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly close: TransportClose };

/** How a {@link MemoryTransport} behaves. */
export interface MemoryTransportOptions {
  /** @defaultValue `'chunksocket.v1'` */
  readonly protocol?: string;
  /** A larger message is refused by its receiver, which closes with 1009. @defaultValue Infinity */
  readonly maxPacketBytes?: number;
}

/**
 * One end of a connection that has no network: what is sent arrives at the other end in later turns of the microtask
 * queue, one thing at a time. Codes are treated as by a browser.
 */
export class MemoryTransport implements Transport {
  readonly protocol: string;
  #handlers: TransportHandlers | undefined;
  #other: MemoryTransport | undefined;
  readonly #maxPacketBytes: number;
  readonly #inbox: Item[] = [];
  #isReading = false;
  #isPaused = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #bufferedBytes = 0;

  private constructor({ protocol = 'chunksocket.v1', maxPacketBytes = Infinity }: MemoryTransportOptions) {
    this.protocol = protocol;
    this.#maxPacketBytes = maxPacketBytes;
  }

  /** Two ends that are open. Each calls nothing before it is started. */
  static pair(options: MemoryTransportOptions = {}): [MemoryTransport, MemoryTransport] {
    const left = new MemoryTransport(options);
    const right = new MemoryTransport(options);
    left.#other = right;
    right.#other = left;
    return [left, right];
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** From here on `handlers` are told; `opened` comes first. */
  start(handlers: TransportHandlers): this {
    this.#handlers = handlers;
    this.#inbox.unshift({ kind: 'open' });
    this.#read();
    return this;
  }

  send(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#bufferedBytes += bytes.length;
    this.#other?.push({ kind: 'message', bytes: bytes.slice() });
  }

  /** What no peer of the protocol sends. */
  sendText(): void {
    if (this.#state === 'open') this.#other?.push({ kind: 'text' });
  }

  close(code: number, reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    const isSendable = code === 1000 || (code >= 3000 && code <= 4999);
    const close = { code: isSendable ? code : 1005, reason: isSendable ? truncateReason(reason) : '', wasClean: true };
    // The echo: both ends see the same close.
    this.#other?.push({ kind: 'closed', close });
    this.push({ kind: 'closed', close });
  }

  /** Ends the connection for both ends at once; what is under way is lost. */
  cut(): void {
    const close = { code: 1006, reason: '', wasClean: false };
    for (const end of [this, this.#other]) {
      if (end === undefined) continue;
      end.#inbox.splice(0);
      end.push({ kind: 'closed', close });
    }
  }

  /** Stops reading: what is sent to this end stays buffered at the other. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#read();
  }

  push(item: Item): void {
    this.#inbox.push(item);
    this.#read();
  }

  #read(): void {
    if (this.#isReading || this.#handlers === undefined) return;
    this.#isReading = true;
    queueMicrotask(() => {
      this.#isReading = false;
      const at = this.#isPaused ? this.#inbox.findIndex(({ kind }) => kind === 'closed' || kind === 'open') : 0;
      const [item] = at < 0 ? [] : this.#inbox.splice(at, 1);
      if (item === undefined) return;
      this.#take(item, this.#handlers as TransportHandlers);
      this.#read();
    });
  }

  #take(item: Item, handlers: TransportHandlers): void {
    if (item.kind === 'message' && this.#other !== undefined) this.#other.#bufferedBytes -= item.bytes.length;
    if (this.#state === 'closed') return;
    if (item.kind === 'closed') {
      this.#state = 'closed';
      handlers.closed(item.close);
      return;
    }
    // What still comes once we have closed is dropped.
    if (this.#state === 'closing') return;
    if (item.kind === 'open') handlers.opened();
    else if (item.kind === 'text') handlers.receivedText();
    else if (item.bytes.length <= this.#maxPacketBytes) handlers.received(item.bytes);
    else {
      this.#state = 'closing';
      handlers.refused?.(this.#maxPacketBytes);
      const close = { code: 1009, reason: '', wasClean: true };
      this.#other?.push({ kind: 'closed', close });
      this.push({ kind: 'closed', close: { ...close, code: 1006, wasClean: false } });
    }
  }
}
