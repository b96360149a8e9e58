import { CloseCode } from '../../protocol/close-codes.ts';
import { MAX_CLOSE_REASON_BYTES } from '../../protocol/limits.ts';

const NEVER_SENT: readonly number[] = [1004, CloseCode.noStatus, CloseCode.abnormal];

/** What a session is closed with. */
export interface CloseArguments {
  readonly code: number;
  readonly reason: string;
}

/**
 * Checks as `ws` does. No code is 1005, as the other side sees it.
 *
 * @throws TypeError for a code that cannot stand in a close frame, or is one of this protocol's own (4900 to 4999), and
 *   for a reason of another type; RangeError for one of more than 123 bytes
 */
export function readCloseArguments(code: unknown, data: string | Uint8Array | undefined): CloseArguments {
  if (code === undefined) return { code: CloseCode.noStatus, reason: '' };
  if (typeof code !== 'number' || !isValid(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }
  if (data === undefined || data.length === 0) return { code, reason: '' };
  if (Buffer.byteLength(data) > MAX_CLOSE_REASON_BYTES) {
    throw new RangeError('The message must not be greater than 123 bytes');
  }
  if (typeof data === 'string') return { code, reason: data };
  if (data instanceof Uint8Array) return { code, reason: Buffer.from(data).toString() };
  throw new TypeError('Second argument must be a string or a Uint8Array');
}

function isValid(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  return (
    (code >= CloseCode.normal && code <= 1014 && !NEVER_SENT.includes(code)) ||
    (code >= 3000 && code < CloseCode.protocolViolation)
  );
}
