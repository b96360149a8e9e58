import { offeredProtocols, SUBPROTOCOL } from '../protocol/version.ts';
import type { MessageHandlers } from '../runtime/message-transport.ts';
import type { TransportClose } from '../runtime/transport.ts';
import { HeldConnection } from './held-connection.ts';
import { believePlain, isBelievedPlain } from './plain-belief.ts';

/** Who wants to know. The handlers are those of a connection that chose the protocol. */
export interface ProbeUser extends MessageHandlers {
  /** Another connection is wanted at once. */
  again(): void;
  /** The server does not speak the protocol: `connection` is open, and waits to be handed over. It is the last call. */
  plain(connection: HeldConnection): void;
  /**
   * The connection is over: one that chose the protocol; or one that never opened, and nothing was learned by it, so that
   * a later one is to be tried.
   */
  closed(close: TransportClose): void;
}

/** A connection to be opened. */
export interface Attempt {
  /** The subprotocols to offer. */
  readonly protocols: string[];
  readonly handlers: MessageHandlers;
}

/**
 * Finds out whether a server speaks the protocol, for a client that can do without:
 *
 * | stage | offers | opened and chose ours | opened otherwise | refused |
 * |---|---|---|---|---|
 * | first | ours | speaks | plain, on this one | without: once more, at once |
 * | without | only the application's | | second: it is held meanwhile | first: after a delay |
 * | second | ours | speaks, the held one is closed | plain, on this one | plain, on the held one, and believed |
 * | speaks | ours | speaks | as ours: the user's to judge | |
 *
 * One refusal is not enough: a 502 while a server is being replaced must not turn exactly-once off. Nor is the held
 * connection, if the server has closed it meanwhile (as a server of ours does that serves nothing else). Where the proof
 * was brought, it is believed for ten minutes of all connections to the same origin and path.
 *
 * Opens nothing itself: the user asks for each {@link Attempt} and makes the WebSocket.
 */
export class FallbackProbe {
  readonly #user: ProbeUser;
  readonly #own: readonly string[];
  readonly #now: () => number;
  #stage: 'first' | 'without' | 'second' | 'speaks' = 'first';
  #held: HeldConnection | undefined;

  /**
   * @param own - the application's subprotocols
   * @param now - the time in ms
   */
  constructor(user: ProbeUser, own: readonly string[], now: () => number) {
    this.#user = user;
    this.#own = own;
    this.#now = now;
  }

  /** What to offer to `url` now, and who is to be told of that connection. Only the last attempt counts. */
  next(url: string): Attempt {
    const ours = offeredProtocols(this.#own);
    if (this.#stage === 'speaks') return { protocols: ours, handlers: this.#user };
    const isBelieved = (): boolean => isBelievedPlain(url, this.#now());
    const isOurs = this.#stage !== 'without' && !isBelieved();
    const connection = new HeldConnection(this.#now, {
      opened: () => {
        if (isOurs) this.#answered(connection);
        else if (isBelieved()) this.#isPlain(connection);
        else this.#hold(connection);
      },
      refused: (close) => {
        if (isOurs) this.#refused(url, close);
        else this.#startOver(close);
      },
    });
    return { protocols: isOurs ? ours : [...this.#own], handlers: connection };
  }

  /** The attempt was given up, or all of it: a connection that is held is closed, and what it showed is forgotten. */
  reset(): void {
    this.#held?.drop();
    this.#held = undefined;
    if (this.#stage !== 'speaks') this.#stage = 'first';
  }

  #answered(connection: HeldConnection): void {
    this.reset();
    if (connection.transport?.protocol === SUBPROTOCOL) {
      this.#stage = 'speaks';
      connection.handOver(this.#user);
    } else {
      this.#isPlain(connection);
    }
  }

  #hold(connection: HeldConnection): void {
    this.#held = connection;
    this.#stage = 'second';
    this.#user.again();
  }

  #refused(url: string, close: TransportClose): void {
    const held = this.#held;
    if (this.#stage === 'first') {
      this.#stage = 'without';
      this.#user.again();
    } else if (held === undefined || held.isLost) {
      this.#startOver(close);
    } else {
      believePlain(url, this.#now());
      if (held.isOverflown) this.#user.again();
      else this.#isPlain(held);
    }
  }

  #isPlain(connection: HeldConnection): void {
    if (this.#held !== connection) this.#held?.drop();
    this.#held = undefined;
    this.#user.plain(connection);
  }

  #startOver(close: TransportClose): void {
    this.reset();
    this.#user.closed(close);
  }
}
