/** The WebSocket subprotocol that stands for this protocol. */
export const SUBPROTOCOL = 'chunksocket.v1';
/** The neutral subprotocol, offered first so that a server that echoes the first name does not seem to speak ours. */
export const PLAIN_SUBPROTOCOL = 'chunksocket.plain';
/** `version` in HELLO and WELCOME. */
export const PROTOCOL_VERSION = 1;

/** The subprotocols to offer, in order: the application's own, or else the neutral one, and then ours. */
export function offeredProtocols(own: readonly string[]): string[] {
  return [...(own.length ? own : [PLAIN_SUBPROTOCOL]), SUBPROTOCOL];
}
