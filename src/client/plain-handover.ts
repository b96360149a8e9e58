import type { Outbox } from '../runtime/outbox.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { ChunkSocketEvents, Status } from './events.ts';
import type { HeldConnection } from './held-connection.ts';

/** How the application closed, and when it waits no longer. */
export interface Farewell {
  readonly code: number;
  readonly reason: string;
  readonly deadlineMs: number;
}

/** What goes on in the plain mode of a socket that was made for the protocol. */
export interface PlainHandover {
  readonly emitter: SafeEmitter<ChunkSocketEvents>;
  readonly over: Promise<void>;
  readonly status: Status;
  /** Everything that was sent so far, with its transfers. */
  readonly outbox: Outbox;
  /** Open, and to be handed over. */
  readonly connection: HeldConnection;
  readonly farewell: Farewell | undefined;
}
