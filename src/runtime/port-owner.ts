import type { Effect } from '../session/effect.ts';
import type { Clock } from './clock.ts';
import type { BinaryType, SessionEvents } from './events.ts';
import type { IncomingTransfer } from './incoming.ts';
import type { SafeEmitter } from './safe-emitter.ts';

/** Bytes of the largest message that is taken in one piece, unless configured otherwise. */
export const DEFAULT_WHOLE_BYTES: number = 64 << 20;

/** What happens to messages in doubt when the peer has lost the session. */
export type SessionLossPolicy = 'resend' | 'reject';

/** An effect that is not about a message. */
export type SessionEffect = Exclude<Effect, { message: unknown } | { incoming: unknown }>;

/** What the port needs of the client's socket or the server's session around it. */
export interface PortOwner {
  readonly emitter: SafeEmitter<SessionEvents>;
  readonly clock: Clock;
  /** Bytes kept in memory for messages that are not delivered. */
  readonly maxBufferedBytes: number;
  /** Bytes of the largest message that is taken in one piece. */
  readonly maxMessageBytes: number;
  readonly binaryType: BinaryType;
  /** What becomes of messages in doubt when a session is replaced. */
  readonly onSessionLost?: SessionLossPolicy;
  /** What `incoming` is told with. */
  readonly incomingClass?: typeof IncomingTransfer;
  /** Runs `task` in a task of its own. Where it is set, each whole message is handed out in one. */
  readonly postTask?: ((task: () => void) => void) | undefined;
  /** A message was refused, or will not arrive; `unsentBytes` of it were not acknowledged. */
  readonly failed?: ((error: Error, unsentBytes: number) => void) | undefined;
  handleEffect(effect: SessionEffect): void;
}
