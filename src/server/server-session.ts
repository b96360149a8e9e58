import type { IncomingHttpHeaders } from 'node:http';
import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import type { BinaryForms, BinaryType, SessionEvents } from '../runtime/events.ts';
import type { SendData } from '../runtime/payload.ts';
import type { Unsubscribe } from '../runtime/safe-emitter.ts';
import type { SendOptions } from '../runtime/send-options.ts';
import type { ServerIncoming } from './server-incoming.ts';
import type { Stats } from '../runtime/stats.ts';
import type { Transfer } from '../runtime/transfer.ts';

/** `open` connected; `waiting` between connections; `closing` what was sent is being finished; `closed` for good. */
export type SessionStatus = 'open' | 'waiting' | 'closing' | 'closed';

/** What is kept of the upgrade request of a session's first connection. */
export interface RequestInfo {
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Address of whoever connected, a proxy perhaps; undefined where there is none. */
  readonly remoteAddress: string | undefined;
}

/** The end of a session. */
export interface SessionCloseEvent {
  /** The code that a side closed with; 1006 for a session that nobody came back to. */
  readonly code: number;
  readonly reason: string;
  /** Both sides said they were done, and nothing was lost. */
  readonly wasClean: boolean;
  readonly error: ChunkSocketError | undefined;
}

/** What a {@link ServerSession} emits: one object each. */
export interface ServerSessionEvents<Binary = BinaryForms[BinaryType]> extends Omit<SessionEvents<Binary>, 'incoming'> {
  /** A message begins: to be taken as it comes, or to be left to the listeners of `message`. */
  incoming: ServerIncoming;
  status: { readonly status: SessionStatus; readonly previous: SessionStatus };
  /** A connection is up again and the session goes on where it was. */
  resume: {
    /** Bytes of the stream that the client did not have, and that are sent again. */
    readonly resentBytes: number;
    /** Connections so far, this one included. */
    readonly connections: number;
  };
  /** Once, when the session is over. Messages that wait behind one that is still being read come after it. */
  close: SessionCloseEvent;
}

/** How a session is closed. */
export interface SessionCloseOptions {
  /** How long finishing what was sent may take, in ms; what is not delivered then fails. @defaultValue 30000 */
  readonly drainMs?: number | undefined;
}

/**
 * One client, for as long as its session lives: connections come and go under it. What is sent arrives exactly once
 * and, within its channel, in order. Messages wait, within the session's credit, until there is a `message` listener.
 * What has come whole when the session ends is handed out all the same, after `close` where the application is still
 * reading a message before it: the client was told that it is delivered. Only `terminate` ends that, too.
 */
export interface ServerSession<Type extends BinaryType = BinaryType> {
  /** The client's name for the session; not secret, and unique on this server. */
  readonly id: string;
  /** What `authorize` said; `''` for nobody. */
  readonly identity: string;
  /** The application subprotocol chosen; `''` for none. */
  readonly protocol: string;
  /** About the first connection. */
  readonly request: RequestInfo;
  /** Where the session stands; the event of the same name tells of changes. */
  readonly status: SessionStatus;
  /** Payload that the client has not acknowledged, in bytes; waiting messages included. */
  readonly bufferedAmount: number;
  /**
   * Fulfilled while at most half of `maxBufferedBytes` is in use; rejected with `ClosedError` when the session takes
   * nothing any more.
   */
  readonly ready: Promise<void>;
  /**
   * Sends one message, now or when the client is back.
   *
   * @returns at once; `transfer.delivered` tells the end of it, also that the session was closed or the queue full
   * @throws TypeError for data that cannot be sent; OptionError for `channel`, `priority`, `meta` or `ttlMs`
   */
  send(data: SendData, options?: SendOptions): Transfer;
  /** Calls `listener` for each such event; what it throws breaks nothing. Returns a function that ends it. */
  on<Name extends keyof ServerSessionEvents>(
    name: Name,
    listener: (event: ServerSessionEvents<BinaryForms[Type]>[Name]) => unknown,
  ): Unsubscribe;
  /** As {@link ServerSession.on}, for the next event only. */
  once<Name extends keyof ServerSessionEvents>(
    name: Name,
    listener: (event: ServerSessionEvents<BinaryForms[Type]>[Name]) => unknown,
  ): Unsubscribe;
  /** Counters and measurements, as they are now. */
  stats(): Stats;
  /**
   * Finishes what was sent, lets the client finish what it has started, then ends the session. A second call changes
   * nothing.
   *
   * @param code - 1000, or 3000 to 4899; default 1000
   * @param reason - at most 123 bytes of UTF-8; default `''`
   * @returns fulfilled when the session is over, however it went (the `close` event tells)
   * @throws OptionError for an argument out of its range
   */
  close(code?: number, reason?: string, options?: SessionCloseOptions): Promise<void>;
  /**
   * Asks the client to finish what is under way and to come back with a new session, elsewhere perhaps. What is sent
   * from now on fails. After `deadlineMs` the session is ended as it is.
   */
  goAway(deadlineMs: number): void;
  /** Ends the session at once: what is not delivered fails, here and at the client. */
  terminate(): void;
}
