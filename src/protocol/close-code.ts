// Codes of a WebSocket close that the engine sends or looks for: IANA's, and those that this protocol reserves.
export const normal = 1000;
export const goingAway = 1001;
export const noStatus = 1005;
export const abnormal = 1006;
export const messageTooBig = 1009;
export const serviceRestart = 1012;
export const tryAgainLater = 1013;
export const badGateway = 1014;
/** A violation; the reason is its name. Ends the session. */
export const protocolViolation = 4900;
/** A newer connection of the session took over. Final only on the current connection. */
export const replaced = 4901;
/** `authorize` refused; the initiator asks for `auth` once more. */
export const unauthorized = 4902;
/** Wrong secret, or another identity than the session's. */
export const sessionRefused = 4903;
/** A connection number not above the last one. */
export const staleConnection = 4904;
/** No HELLO or WELCOME in time. Passing. */
export const handshakeTimeout = 4905;
/** The closing side gave the session up: not to be kept for a resume. */
export const abandoned = 4906;
/** HELLO asks for a version that the acceptor does not speak. */
export const unsupportedVersion = 4907;
/** Nothing got through; the closing side reconnects, or waits for it. Passing. */
export const stalled = 4908;
/** The path refuses even the smallest packet. */
export const limitTooSmall = 4909;
