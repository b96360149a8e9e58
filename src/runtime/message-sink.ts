import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import type { OutgoingMessage } from '../session/mux/outgoing-message.ts';

/** What sends the messages of an {@link Outbox}: a session, or the queue of a plain connection. */
export interface MessageSink {
  /** Bytes of messages kept in memory until they are settled. */
  readonly heldBytes: number;
  /** Bytes of payload not acknowledged yet, waiting ones included. */
  readonly bufferedBytes: number;
  /** Takes a message; what becomes of it is told later, or at once. */
  send(message: OutgoingMessage): void;
  /** Gives a message up. Too late once it is settled. */
  abort(message: OutgoingMessage, error: ChunkSocketError): void;
  /** Takes back what was not started. */
  withdraw(): OutgoingMessage[];
  /** It is over. Takes back what is not settled. */
  end(): OutgoingMessage[];
}
