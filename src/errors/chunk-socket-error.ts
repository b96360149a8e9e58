/** Every `code` an error of this package can carry; the class is named after it (`ERR_BUFFER_FULL`: `BufferFullError`). */
export type ErrorCode =
  | 'ERR_OPTION'
  | 'ERR_MESSAGE_TOO_BIG'
  | 'ERR_BUFFER_FULL'
  | 'ERR_ABORTED'
  | 'ERR_REJECTED'
  | 'ERR_SOURCE'
  | 'ERR_EXPIRED'
  | 'ERR_CANCELLED'
  | 'ERR_SESSION_LOST'
  | 'ERR_PLAIN_MODE'
  | 'ERR_CLOSED'
  | 'ERR_HANDSHAKE'
  | 'ERR_PROTOCOL'
  | 'ERR_LIMIT_TOO_SMALL';

/** What every error of this package may have besides its sentence; a class adds its own numbers. */
export interface ErrorDetail {
  /** What a person can do about it, in one sentence. */
  readonly hint?: string | undefined;
  /** The error underneath, if there is one. */
  readonly cause?: unknown;
}

/**
 * Base of all errors that this package makes. `TypeError` is used only where the web platform would use it (a value
 * that cannot be sent).
 *
 * Decide on `code` (or `instanceof`), never on the text.
 */
export class ChunkSocketError extends Error {
  readonly code: ErrorCode;
  declare readonly hint?: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.code = code;
    // Minifiers rename classes, and leave this alone.
    this.name = code.toLowerCase().replace(/^err|_(.)/g, (_, letter?: string) => letter?.toUpperCase() ?? '') + 'Error';
    Object.assign(this, detail);
  }
}
