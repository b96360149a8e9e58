/** Codes of a WebSocket close that the engine sends or looks for: IANA's, and those that this protocol reserves. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  noStatus: 1005,
  abnormal: 1006,
  messageTooBig: 1009,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
  /** A violation; the reason is its name. Ends the session. */
  protocolViolation: 4900,
  /** A newer connection of the session took over. Final only on the current connection. */
  replaced: 4901,
  /** `authorize` refused; the initiator asks for `auth` once more. */
  unauthorized: 4902,
  /** Wrong secret, or another identity than the session's. */
  sessionRefused: 4903,
  /** A connection number not above the last one. */
  staleConnection: 4904,
  /** No HELLO or WELCOME in time. Passing. */
  handshakeTimeout: 4905,
  /** The closing side gave the session up: not to be kept for a resume. */
  abandoned: 4906,
  /** HELLO asks for a version that the acceptor does not speak. */
  unsupportedVersion: 4907,
  /** Nothing got through; the closing side reconnects, or waits for it. Passing. */
  stalled: 4908,
  /** The path refuses even the smallest packet. */
  limitTooSmall: 4909,
} as const;

/**
 * What a close of the transport calls for by its code alone: another connection, or an end. `established` says that the
 * session is up: then only a code by which an application, or this protocol, means "no" is fatal. Codes that nobody
 * knows, and 1000 before WELCOME, are passing: a retry backs off, and an end cannot be taken back.
 */
export function classifyClose(code: number, established: boolean): 'retry' | 'fatal' {
  return code === 1008 ||
    code === 3000 ||
    code === 3003 ||
    (code > 3999 && code < 5000 && code !== CloseCode.handshakeTimeout && code !== CloseCode.stalled) ||
    (!established && (code === 1002 || code === 1003 || code === 1007 || code === 1010))
    ? 'fatal'
    : 'retry';
}

/** Whether a page may close with `code`: 1000, or 3000 to 4999 (WHATWG WebSockets, `close()`). */
export function isSendableCloseCode(code: number): boolean {
  return code === 1000 || (Number.isInteger(code) && code >= 3000 && code <= 4999);
}

export { truncateReason } from './text.ts';
