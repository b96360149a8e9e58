import { handshakeTimeout, stalled } from './close-code.ts';
import { isCount } from './terms.ts';

export * as CloseCode from './close-code.ts';

/**
 * What a close of the transport calls for by its code alone: another connection, or an end. `established` says that the
 * session is up: then only a code by which an application, or this protocol, means "no" is fatal. Codes that nobody
 * knows, and 1000 before WELCOME, are passing: a retry backs off, and an end cannot be taken back.
 */
export function classifyClose(code: number, established: boolean): 'retry' | 'fatal' {
  return code === 1008 ||
    code === 3000 ||
    code === 3003 ||
    (code > 3999 && code < 5000 && code !== handshakeTimeout && code !== stalled) ||
    (!established && (code === 1002 || code === 1003 || code === 1007 || code === 1010))
    ? 'fatal'
    : 'retry';
}

/** Whether a page may close with `code`: 1000, or 3000 to 4999 (WHATWG WebSockets, `close()`). */
export function isSendableCloseCode(code: number): boolean {
  return code === 1000 || isCount(code, 3000, 4999);
}

export { truncateReason } from './text.ts';
