import type { IncomingMessage } from 'node:http';

/** What `authorize` is asked to decide on. */
export interface AuthorizeRequest {
  /** The client's `auth`: any JSON value that it cared to send, undefined for none. Not to be trusted, nor logged. */
  readonly auth: unknown;
  /** The upgrade request of this connection: address, headers, cookies. */
  readonly request: IncomingMessage;
  /** Id of the session that is to be made or resumed. */
  readonly session: string;
}

/**
 * The identity of whoever connects, or `true` for somebody without one; `false` refuses. Anything else (a forgotten
 * `return`, say) refuses too.
 */
export type AuthorizeResult = string | boolean;

/**
 * Decides on each connection, the first as well as those that resume, before anything is answered. What it throws
 * refuses, too. A session is bound to its first identity: another one cannot resume it.
 */
export type Authorize = (request: AuthorizeRequest) => AuthorizeResult | PromiseLike<AuthorizeResult>;
