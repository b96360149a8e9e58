import { OptionError } from '../errors/session-errors.ts';
import { MAX_AUTH_BYTES } from '../protocol/limits.ts';
import { encodeText } from '../protocol/text.ts';
import type { ConnectionContext, PerConnection } from './options.ts';
import { socketUrl } from './socket-url.ts';

/** Where to connect, and with what. */
export interface Dial {
  readonly url: string;
  readonly auth: unknown;
}

/**
 * Asks the application for URL and `auth`.
 *
 * @throws OptionError (rejects) for a URL that is none, or an `auth` that is no JSON or too big for HELLO; what the application throws
 */
export async function askDial(
  url: PerConnection<string | URL>,
  auth: PerConnection<unknown>,
  context: ConnectionContext,
): Promise<Dial> {
  const [target, credentials] = await Promise.all([ask(url, context), ask(auth, context)]);
  if (credentials !== undefined) checkAuth(credentials);
  return { url: socketUrl(target), auth: credentials };
}

function checkAuth(auth: unknown): void {
  let json: string | undefined;
  try {
    json = JSON.stringify(auth);
  } catch {
    // said below
  }
  if (json === undefined) throw new OptionError('auth', typeof auth, 'a JSON value');
  const { length } = encodeText(json);
  if (length > MAX_AUTH_BYTES)
    throw new OptionError('auth', `${length} bytes`, `at most ${MAX_AUTH_BYTES} bytes of JSON`);
}

/** Async, so that what the application throws comes out of the promise. */
async function ask<T>(value: PerConnection<T>, context: ConnectionContext): Promise<T> {
  return typeof value === 'function' ? (value as (asked: ConnectionContext) => T | PromiseLike<T>)(context) : value;
}
