import type { IncomingMessage } from 'node:http';

/** The request of a client that connects, with as much in it as servers look at. */
export function makeUpgradeRequest(
  url: string,
  protocols: readonly string[],
  headers: Readonly<Record<string, string>>,
): IncomingMessage {
  const { host, pathname, search } = new URL(url);
  const request = {
    method: 'GET',
    url: pathname + search,
    headers: {
      host,
      connection: 'Upgrade',
      upgrade: 'websocket',
      ...(protocols.length > 0 && { 'sec-websocket-protocol': protocols.join() }),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    socket: { remoteAddress: '127.0.0.1' },
  };
  return request as unknown as IncomingMessage;
}
