import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import type { ViolationName } from '../protocol/violation.ts';
import type { LimitCause } from './link/limit-learner.ts';
import type { IncomingMessage } from './mux/incoming-message.ts';
import type { OutgoingMessage } from './mux/outgoing-message.ts';

/** What the engine wants done or told. The engine never calls out: effects wait until the driver takes them. */
export type Effect =
  /** More of the message's bytes are acknowledged. */
  | { kind: 'progress'; message: OutgoingMessage }
  /** The peer's session holds the whole message. */
  | { kind: 'delivered'; message: OutgoingMessage }
  | { kind: 'failed'; message: OutgoingMessage; error: ChunkSocketError }
  /** More has come of a message that the application knows of, or it is whole, or will never be. */
  | { kind: 'incoming'; incoming: IncomingMessage }
  /** The largest packet that may be sent has changed, in bytes. */
  | { kind: 'limit'; from: number; to: number; cause: LimitCause }
  /** The peer told what it learned about its own direction, in bytes. */
  | { kind: 'peer-limit'; floor: number; ceiling: number }
  /** The peer is about to go; nothing new should be started, and what is under way be finished in this time. */
  | { kind: 'goaway'; deadlineMs: number }
  /** The peer sent CLOSE. */
  | { kind: 'peer-close'; code: number; reason: string }
  /** Both sides sent CLOSE and everything is acknowledged. */
  | { kind: 'finished' }
  /** Nothing got through for too long, or a packet was lost: the connection is to be dropped, the session goes on. */
  | { kind: 'stalled' }
  /** The peer broke the protocol: the session is over. */
  | { kind: 'violation'; name: ViolationName }
  /** The path refuses even the smallest packet: the session is over. */
  | { kind: 'limit-too-small'; trail: readonly number[] }
  /** Closing took longer than allowed: the session is over. */
  | { kind: 'drain-timeout' };
