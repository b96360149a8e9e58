import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';

/** How a session of the server comes to its end. */
export interface SessionEnding {
  readonly code: number;
  readonly reason: string;
  readonly wasClean?: boolean;
  readonly error?: ChunkSocketError;
  /** Close of the transport, where that is another. */
  readonly transport?: { readonly code: number; readonly reason: string };
  /** Forgotten rather than ended: the client may go on with a new session. */
  readonly isLost?: boolean;
}
