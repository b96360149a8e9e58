import { ChunkSocketError } from './chunk-socket-error.ts';

/** A message is larger than its receiver takes, or than can be sent to a server in the plain mode. Only it fails. */
export class MessageTooBigError extends ChunkSocketError {
  /** Undefined when the message was refused before its end was known. */
  declare readonly sizeBytes: number | undefined;
  declare readonly limitBytes: number;

  /** @param limit - whose limit it is, as it follows the words "is over" */
  constructor(
    sizeBytes: number | undefined,
    limitBytes: number,
    limit = "the peer's maxMessageBytes",
    hint = 'Raise it there, or send less at once.',
  ) {
    const message = `Message of ${sizeBytes ?? 'unknown'} bytes is over ${limit} ${limitBytes}.`;
    super('ERR_MESSAGE_TOO_BIG', message, { sizeBytes, limitBytes, hint } as object);
  }
}

/** The queue is full; nothing that was queued before is lost. */
export class BufferFullError extends ChunkSocketError {
  declare readonly sizeBytes: number;
  declare readonly bufferedBytes: number;
  declare readonly limitBytes: number;

  constructor(sizeBytes: number, bufferedBytes: number, limitBytes: number) {
    const message = `${sizeBytes} bytes do not fit beside ${bufferedBytes} in maxBufferedBytes ${limitBytes}.`;
    const hint = 'Wait for drain, or send a Blob.';
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

/**
 * The peer no longer has the session (in the plain mode: the connection was lost), and whether it got this message
 * cannot be known.
 */
export class SessionLostError extends ChunkSocketError {
  constructor(what = 'session', otherwise = "set onSessionLost to 'resend'") {
    super('ERR_SESSION_LOST', `The ${what} was lost; the message may or may not have arrived.`, {
      hint: `Send it again if a duplicate does no harm, or ${otherwise}.`,
    });
  }
}

/** The server does not speak the protocol, and a message of WebSocket cannot convey what was asked for. */
export class PlainModeError extends ChunkSocketError {
  /** The option of `send` that has no place there. */
  declare readonly option: string;

  constructor(option: string) {
    super('ERR_PLAIN_MODE', `Option ${option} of send cannot be conveyed in the plain mode.`, {
      option,
      hint: 'Put it into the message, or serve the socket with chunksocket/server.',
    } as object);
  }
}
