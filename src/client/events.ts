import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import type { BinaryForms, BinaryType, SessionEvents } from '../runtime/events.ts';
import type { TransportClose } from '../runtime/transport.ts';

/**
 * `connecting` no connection was ever up; `open`; `reconnecting` between connections, the session lives; `closing`
 * what was sent is being finished; `closed` for good.
 */
export type Status = 'connecting' | 'open' | 'reconnecting' | 'closing' | 'closed';

/** What the option `debug` is told: every event but the messages, in order, before the listeners of it. */
export type DebugEntry = {
  [Kind in DebugKind]: {
    /** By the socket's clock, in ms; in a browser since the page was loaded. */
    readonly atMs: number;
    /** Name of the event. */
    readonly kind: Kind;
    /** The event. */
    readonly data: ChunkSocketEvents[Kind];
  };
}[DebugKind];

/** Names of the events that the option `debug` is told. */
export type DebugKind = Exclude<keyof ChunkSocketEvents, 'message' | 'incoming'>;

/** What a {@link ChunkSocket} emits: one object each. */
export interface ChunkSocketEvents<Binary = BinaryForms[BinaryType]> extends SessionEvents<Binary> {
  /** The first connection is up. */
  open: { readonly protocol: string };
  /** A connection begins to open. */
  connect: {
    /** Tries since the last connection that held, from 0. */
    readonly attempt: number;
    readonly url: string;
  };
  status: { readonly status: Status; readonly previous: Status };
  /** A connection was lost, or could not be had; the next try comes in `delayMs`. */
  retry: {
    /** Tries since the last connection that held, from 1. */
    readonly attempt: number;
    readonly delayMs: number;
    readonly close: TransportClose;
    /** Whether the connection had opened. A refused upgrade (502, 503, ...) is 1006 without. */
    readonly wasOpen: boolean;
  };
  /** A connection is up again and the session goes on where it was. */
  resume: {
    /** Bytes of the stream that the server did not have, and that are sent again. */
    readonly resentBytes: number;
    /** Connections so far, this one included. */
    readonly connections: number;
  };
  /** The server no longer had the session; a new one goes on. */
  lost: {
    /** Id of the session that is gone. */
    readonly session: string;
  };
  /** Once, when the session is over. Messages that wait behind one that is still being read come after it. */
  close: {
    readonly code: number;
    readonly reason: string;
    /** Both sides said they were done, and nothing was lost. */
    readonly wasClean: boolean;
    readonly error: ChunkSocketError | undefined;
  };
}
