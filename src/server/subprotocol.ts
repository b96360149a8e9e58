import { PLAIN_SUBPROTOCOL, SUBPROTOCOL } from '../protocol/version.ts';

/**
 * For the option `handleProtocols` of a `WebSocketServer` of `ws`: chooses this protocol where it is offered, else the
 * first application protocol, else none. Never `chunksocket.plain`, which stands for no protocol at all.
 */
export function handleProtocols(offered: Iterable<string>): string | false {
  const names = [...offered];
  if (names.includes(SUBPROTOCOL)) return SUBPROTOCOL;
  return names.find((name) => name !== PLAIN_SUBPROTOCOL) ?? false;
}
