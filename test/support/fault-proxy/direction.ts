/** Which way bytes flow through the proxy: from the client to the server, or back. */
export type Direction = 'toServer' | 'toClient';

/** One of the two TCP connections that a proxied connection consists of. */
export type Leg = 'client' | 'server';

/** How a TCP connection is cut: an orderly FIN, or a reset. */
export type CutKind = 'fin' | 'rst';

/** Both directions, for loops. */
export const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient'];

/** The leg whose bytes flow in this direction. */
export function senderOf(direction: Direction): Leg {
  return direction === 'toServer' ? 'client' : 'server';
}

/** The direction in which bytes flow to this leg. */
export function directionTo(leg: Leg): Direction {
  return leg === 'server' ? 'toServer' : 'toClient';
}

/** The leg at the other end. */
export function otherLegThan(leg: Leg): Leg {
  return leg === 'server' ? 'client' : 'server';
}
