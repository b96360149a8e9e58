import type { IncomingMessage } from 'node:http';

const MAPPED = '::ffff:';
/** Groups of 16 bits that stand for one customer: the rest is theirs to choose. */
const NETWORK_GROUPS = 4;

/** The remote address of a connection; of IPv6 the network, since one client has the whole of it. */
export function clientAddress({ socket }: Pick<IncomingMessage, 'socket'>): string | undefined {
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return undefined;
  if (remoteAddress.startsWith(MAPPED)) return remoteAddress.slice(MAPPED.length);
  // An address of IPv4 has none.
  return remoteAddress.includes(':') ? networkOf(remoteAddress) : remoteAddress;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  // What `::` stands for is zeros, as many as are missing.
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - rest.length;
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...rest];
  return `${all.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
