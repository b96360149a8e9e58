import type { Terms } from '../protocol/terms.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Transport } from '../runtime/transport.ts';
import type { AcceptedSession } from './accepted-session.ts';
import type { ResolvedOptions } from './options.ts';
import type { SecretHash } from './secret-hash.ts';
import type { RequestInfo } from './server-session.ts';
import type { Tombstone } from './tombstones.ts';

/** A connection as its session sees it. */
export interface SessionConnection {
  readonly transport: Transport;
  /** What is told to the client as the largest packet taken, in bytes. */
  readonly maxPacketBytes: number;
  /** Ends it from this side: nothing more is heard of it. */
  close(code: number, reason: string): void;
}

/** What a session needs of the server around it. */
export interface SessionHost {
  readonly clock: Clock;
  readonly options: ResolvedOptions;
  /** Bytes that the session may hold of outgoing messages now. */
  roomFor(session: AcceptedSession): number;
  connected(session: AcceptedSession): void;
  /** No connection is left. May end this session or others, to stay within the limits. */
  waits(session: AcceptedSession): void;
  /** It holds more than before, without a connection. */
  grew(session: AcceptedSession): void;
  /** More has come on it. May end this session or others, to stay within the limits. */
  received(session: AcceptedSession): void;
  over(session: AcceptedSession, tombstone: Tombstone): void;
  /** A listener threw. */
  readonly report: (error: unknown) => void;
}

/** What a session is made of. */
export interface SessionInit {
  readonly identity: string;
  readonly protocol: string;
  readonly secret: SecretHash;
  /** What it counts for in the limits per address; undefined for none. */
  readonly address: string | undefined;
  readonly request: RequestInfo;
  readonly terms: Terms;
}
