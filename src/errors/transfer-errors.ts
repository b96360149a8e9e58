import { ChunkSocketError } from './chunk-socket-error.ts';

/** A message is larger than the peer takes. Only this message fails. */
export class MessageTooBigError extends ChunkSocketError {
  /** Undefined when the message was refused before its end was known. */
  declare readonly sizeBytes: number | undefined;
  declare readonly limitBytes: number;

  constructor(sizeBytes: number | undefined, limitBytes: number) {
    const message = `Message of ${sizeBytes ?? 'unknown'} bytes is over the peer's maxMessageBytes ${limitBytes}.`;
    super('ERR_MESSAGE_TOO_BIG', message, {
      sizeBytes,
      limitBytes,
      hint: 'Raise it there, or send less at once.',
    } as object);
  }
}

/** The queue is full; nothing that was queued before is lost. */
export class BufferFullError extends ChunkSocketError {
  declare readonly sizeBytes: number;
  declare readonly bufferedBytes: number;
  declare readonly limitBytes: number;

  constructor(sizeBytes: number, bufferedBytes: number, limitBytes: number) {
    const message = `${sizeBytes} bytes do not fit beside ${bufferedBytes} in maxBufferedBytes ${limitBytes}.`;
    const hint = 'Wait for drain, or send a Blob, which is not kept in memory.';
    super('ERR_BUFFER_FULL', message, { sizeBytes, bufferedBytes, limitBytes, hint } as object);
  }
}

/** The transfer was given up on this side. The peer may still have got it if its last byte was already on the way. */
export class AbortedError extends ChunkSocketError {
  constructor(cause?: unknown) {
    super('ERR_ABORTED', 'The transfer was aborted.', { cause });
  }
}

/** The peer's application refused the message. */
export class RejectedError extends ChunkSocketError {
  declare readonly reason: string;

  constructor(reason: string) {
    super('ERR_REJECTED', `The peer rejected the message: ${reason}`, { reason } as object);
  }
}

/** The message was not begun within its `ttlMs`; nothing of it was sent. */
export class ExpiredError extends ChunkSocketError {
  constructor() {
    super('ERR_EXPIRED', 'The message was not begun within its ttlMs.');
  }
}

/**
 * Why a message did not come to its end. Its sender `aborted` it, could not read its source (`source-failed`), did not
 * get to it in time (`expired`) or before it closed (`closing`); or the session ended under it.
 */
export type CancelCause = 'aborted' | 'source-failed' | 'expired' | 'closing' | 'session-ended';

/** A message that was coming in will not come to its end. */
export class CancelledError extends ChunkSocketError {
  declare readonly by: CancelCause;
  declare readonly reason: string;

  constructor(by: CancelCause, reason: string) {
    super('ERR_CANCELLED', `The rest of the message will not come: ${by}${reason && `, ${reason}`}.`, {
      by,
      reason,
    } as object);
  }
}

/** What was being sent could not be read (a file that changed, say). */
export class SourceError extends ChunkSocketError {
  constructor(cause: unknown) {
    super('ERR_SOURCE', 'The source of the message could not be read.', { cause });
  }
}

/** The peer no longer has the session, and whether it got this message cannot be known. */
export class SessionLostError extends ChunkSocketError {
  constructor() {
    super('ERR_SESSION_LOST', 'The session was lost; the message may or may not have arrived.', {
      hint: "Send it again if a duplicate does no harm, or set onSessionLost to 'resend'.",
    });
  }
}
