import * as CloseCode from '../protocol/close-code.ts';
import type { MessageHandlers, MessageTransport } from '../runtime/message-transport.ts';
import type { TransportClose } from '../runtime/transport.ts';

const MAX_EARLY_BYTES = 1024 * 1024;
/** What a message costs at least, however small it is. */
const MIN_EARLY_BYTES = 64;

/**
 * A connection of which nobody has decided yet what it is for. What comes on it is kept, up to 1 MiB, for whoever takes
 * it over; more than that, and it is closed.
 */
export class HeldConnection implements MessageHandlers {
  /** Set once it has opened. */
  transport: MessageTransport | undefined;
  /** How long it took to open, in ms. */
  openMs = 0;
  /** It was closed by the other side while it was held. */
  isLost = false;
  /** It was closed by us, since more came than is kept. */
  isOverflown = false;
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #decide: { opened(): void; refused(close: TransportClose): void };
  #handlers: MessageHandlers | undefined;
  #early: (string | Uint8Array)[] = [];
  #earlyBytes = 0;

  /** @param decide - told when it has opened, or will not: the place for {@link handOver} */
  constructor(now: () => number, decide: { opened(): void; refused(close: TransportClose): void }) {
    this.#now = now;
    this.#startMs = now();
    this.#decide = decide;
  }

  opened(transport: MessageTransport): void {
    this.transport = transport;
    this.openMs = this.#now() - this.#startMs;
    this.#decide.opened();
  }

  received(bytes: Uint8Array): void {
    if (this.#handlers === undefined) this.#keep(bytes);
    else this.#handlers.received(bytes);
  }

  receivedText(text: string): void {
    if (this.#handlers === undefined) this.#keep(text);
    else this.#handlers.receivedText(text);
  }

  closed(close: TransportClose): void {
    if (this.#handlers !== undefined) this.#handlers.closed(close);
    else if (this.transport === undefined) this.#decide.refused(close);
    else this.isLost = true;
  }

  /** From here on `handlers` are told, beginning with `opened` and what came early. */
  handOver(handlers: MessageHandlers): void {
    const early = this.#early;
    this.#handlers = handlers;
    this.#early = [];
    handlers.opened(this.transport as MessageTransport);
    for (const data of early) {
      if (typeof data === 'string') handlers.receivedText(data);
      else handlers.received(data);
    }
  }

  /** It is not wanted. */
  drop(): void {
    this.#early = [];
    this.transport?.close(CloseCode.normal, '');
  }

  #keep(data: string | Uint8Array): void {
    this.#early.push(data);
    this.#earlyBytes += Math.max(data.length, MIN_EARLY_BYTES);
    if (this.#earlyBytes <= MAX_EARLY_BYTES) return;
    this.isOverflown = true;
    this.drop();
  }
}
