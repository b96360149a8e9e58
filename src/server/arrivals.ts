import type { IncomingMessage } from 'node:http';
import type { AcceptedSession } from './accepted-session.ts';
import type { ServerSession } from './server-session.ts';

/** How a session came to be. */
export interface Arrival {
  readonly session: AcceptedSession;
  /** The upgrade request of its first connection. */
  readonly request: IncomingMessage;
}

/** Of the sessions that are being announced: the requests are not kept longer than that. */
export const arrivals: WeakMap<ServerSession, Arrival> = new WeakMap();
