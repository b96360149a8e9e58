/** Every `code` an error of this package can carry. */
export type ErrorCode =
  | 'ERR_OPTION'
  | 'ERR_MESSAGE_TOO_BIG'
  | 'ERR_BUFFER_FULL'
  | 'ERR_ABORTED'
  | 'ERR_REJECTED'
  | 'ERR_SOURCE'
  | 'ERR_SESSION_LOST'
  | 'ERR_CLOSED'
  | 'ERR_HANDSHAKE'
  | 'ERR_PROTOCOL'
  | 'ERR_LIMIT_TOO_SMALL';

/** What a {@link ChunkSocketError} is made of besides its sentence. */
export interface ErrorDetail {
  /** What a person can do about it, in one sentence. */
  readonly hint?: string | undefined;
  /** The error underneath, if there is one. */
  readonly cause?: unknown;
}

/**
 * Base of all errors that this package makes. `TypeError` and `RangeError` are used only where the web platform would
 * use them (a wrong argument type).
 *
 * Decide on `code` (or `instanceof`), never on the text.
 */
export class ChunkSocketError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, 'cause' in detail ? { cause: detail.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.hint = detail.hint;
  }
}
