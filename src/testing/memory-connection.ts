import * as CloseCode from '../protocol/close-code.ts';
import { dataBytes } from '../client/web-socket/arguments.ts';
import { Delivery } from './delivery.ts';
import type { WayConditions } from './delivery.ts';

/** What a connection carries: text, or bytes that nobody else has. */
export type MessageData = string | Uint8Array<ArrayBuffer>;

/** One end of a connection, and what it is told. After `closed` or `lost` it is told nothing more that counts. */
export interface ConnectionEnd {
  received(data: MessageData): void;
  /** A close frame came: to be answered with one, unless it is the answer. */
  closed(code: number, reason: string): void;
  /** The connection is gone, without a close frame. */
  lost(): void;
}

/** The client's end, which waits for the server to take the connection. */
export interface OpeningEnd extends ConnectionEnd {
  opened(protocol: string): void;
}

/** The way, and what goes through at all. */
export interface ConnectionConditions extends WayConditions {
  /** A larger message closes the connection with 1009, in bytes. */
  readonly limitBytes: number;
}

/** A connection, as a test sees it. */
export interface TestConnection {
  /** What the client connected to. */
  readonly url: string;
  /** Ends it without a close frame: both sides see 1006, and what is under way is lost. */
  cut(): void;
  /**
   * Ends it as a gateway does: the client sees this code behind what is on its way to it, the server 1006.
   *
   * @param code - any, also one that only a gateway sends, such as 1012 or 1014
   * @param reason - at most 123 bytes of UTF-8. Default `''`
   */
  disconnect(code: number, reason?: string): void;
}

type Side = 'client' | 'server';

/** One connection between a client and the server, from the request on, as the gateways between them see it. */
export class MemoryConnection implements TestConnection {
  readonly url: string;
  /** The server has taken it, and nothing has ended it yet. */
  isOpen = false;
  readonly #conditions: ConnectionConditions;
  readonly #client: OpeningEnd;
  #server: ConnectionEnd | undefined;
  /** What each side sends. */
  readonly #from: Readonly<Record<Side, Delivery>>;
  /** The sides that know that it is over. */
  readonly #told = new Set<Side>();
  readonly #over: () => void;

  /** @param over - called when both sides know that it is over: until then something may be on its way */
  constructor(conditions: ConnectionConditions, url: string, client: OpeningEnd, over: () => void) {
    this.#conditions = conditions;
    this.url = url;
    this.#client = client;
    this.#from = { client: new Delivery(conditions), server: new Delivery(conditions) };
    this.#over = over;
  }

  heldBytes(side: Side): number {
    return this.#from[side].heldBytes;
  }

  /** Calls `arrive` when the client's request has come to the server. */
  request(arrive: () => void): void {
    this.#from.client.send(0, arrive);
  }

  /** The server takes the connection. */
  accept(server: ConnectionEnd, protocol: string): void {
    this.#server = server;
    this.isOpen = true;
    this.#from.server.send(0, () => {
      this.#client.opened(protocol);
    });
  }

  /** The answer to the request is an HTTP error, of which a page sees only that there was one. */
  refuse(): void {
    this.#from.server.send(0, () => {
      this.#lose('client');
    });
  }

  send(side: Side, data: MessageData): void {
    const byteLength = dataBytes(data);
    this.#from[side].send(byteLength, () => {
      if (byteLength > this.#conditions.limitBytes) this.#refuse(side);
      else this.#endOf(otherOf(side))?.received(data);
    });
  }

  /** Sends a close frame. */
  close(side: Side, code: number, reason: string): void {
    this.#from[side].send(0, () => {
      const other = otherOf(side);
      this.isOpen = false;
      this.#endOf(other)?.closed(code, reason);
      this.#tell(other);
    });
  }

  cut(): void {
    this.isOpen = false;
    for (const delivery of Object.values(this.#from)) delivery.clear();
    // Not from inside of what calls this: nobody expects to be told meanwhile.
    void Promise.resolve().then(() => {
      this.#lose('client');
      this.#lose('server');
    });
  }

  disconnect(code: number, reason = ''): void {
    if (!this.isOpen) return;
    this.#from.client.clear();
    this.isOpen = false;
    this.close('server', code, reason);
    void Promise.resolve().then(() => {
      this.#lose('server');
    });
  }

  /** It is no longer silent there. */
  move(): void {
    for (const delivery of Object.values(this.#from)) delivery.move();
  }

  /** A message was too large: its sender is told so, and the other side only sees the end. */
  #refuse(side: Side): void {
    this.isOpen = false;
    this.#from[side].clear();
    this.close(otherOf(side), CloseCode.messageTooBig, '');
    this.#lose(otherOf(side));
  }

  #lose(side: Side): void {
    this.#endOf(side)?.lost();
    this.#tell(side);
  }

  #tell(side: Side): void {
    this.#told.add(side);
    if (this.#told.size === 2 || this.#server === undefined) this.#over();
  }

  #endOf(side: Side): ConnectionEnd | undefined {
    return side === 'client' ? this.#client : this.#server;
  }
}

function otherOf(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}
