import { ChunkSocketError } from './chunk-socket-error.ts';

/** A message is larger than the peer takes. Only this message fails. */
export class MessageTooBigError extends ChunkSocketError {
  readonly sizeBytes: number | undefined;
  readonly limitBytes: number;

  /** @param sizeBytes - undefined when the message was refused before its end was known */
  constructor(sizeBytes: number | undefined, limitBytes: number) {
    super('ERR_MESSAGE_TOO_BIG', `Message of ${sizeBytes ?? 'unknown'} bytes is over maxMessageBytes ${limitBytes}.`, {
      hint: "Raise the peer's maxMessageBytes, or send less at once.",
    });
    this.sizeBytes = sizeBytes;
    this.limitBytes = limitBytes;
  }
}

/** The queue is full; nothing that was queued before is lost. */
export class BufferFullError extends ChunkSocketError {
  readonly sizeBytes: number;
  readonly bufferedBytes: number;
  readonly limitBytes: number;

  constructor(sizeBytes: number, bufferedBytes: number, limitBytes: number) {
    super(
      'ERR_BUFFER_FULL',
      `${sizeBytes} bytes do not fit beside ${bufferedBytes} in maxBufferedBytes ${limitBytes}.`,
      { hint: 'Wait for drain, or send a Blob, which is not kept in memory.' },
    );
    this.sizeBytes = sizeBytes;
    this.bufferedBytes = bufferedBytes;
    this.limitBytes = limitBytes;
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
  readonly reason: string;

  constructor(reason: string) {
    super('ERR_REJECTED', `The peer rejected the message: ${reason}`);
    this.reason = reason;
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
    super('ERR_SESSION_LOST', 'The session was lost with this message in doubt: it may or may not have arrived.', {
      hint: "Send it again if a duplicate does no harm, or set onSessionLost to 'resend'.",
    });
  }
}
