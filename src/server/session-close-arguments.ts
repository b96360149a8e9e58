import { OptionError } from '../errors/session-errors.ts';
import { CloseCode, isSendableCloseCode } from '../protocol/close-codes.ts';
import { MAX_CLOSE_REASON_BYTES } from '../protocol/limits.ts';
import { encodeText } from '../protocol/text.ts';
import { checkNumber } from './options.ts';

const OWN_CODES = '1000, or 3000 to 4999 without the reserved 4900 to 4999';

/** @throws OptionError for what a session cannot be closed with */
export function checkCloseArguments(code: number, reason: string, drainMs: number): void {
  if (!isSendableCloseCode(code) || code >= CloseCode.protocolViolation) {
    throw new OptionError('code', code, OWN_CODES);
  }
  if (typeof reason !== 'string') throw new OptionError('reason', reason, 'a string');
  const reasonBytes = encodeText(reason).length;
  if (reasonBytes > MAX_CLOSE_REASON_BYTES) {
    throw new OptionError('reason', `${reasonBytes} bytes`, `at most ${MAX_CLOSE_REASON_BYTES} bytes`);
  }
  checkNumber('drainMs', drainMs, 0, Number.MAX_SAFE_INTEGER);
}
