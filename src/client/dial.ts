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
 * @throws OptionError (rejects) for a URL that is none, or an `auth` that HELLO has no room for; what the application throws
 */
export async function askDial(
  url: PerConnection<string | URL>,
  auth: PerConnection<unknown>,
  context: ConnectionContext,
): Promise<Dial> {
  const [target, credentials] = await Promise.all([ask(url, context), ask(auth, context)]);
  const bytes = credentials === undefined ? 0 : encodeText(JSON.stringify(credentials)).length;
  if (bytes > MAX_AUTH_BYTES) {
    throw new OptionError('auth', `${bytes} bytes of JSON`, `at most ${MAX_AUTH_BYTES} bytes`);
  }
  return { url: socketUrl(target), auth: credentials };
}

/** Async, so that what the application throws comes out of the promise. */
async function ask<T>(value: PerConnection<T>, context: ConnectionContext): Promise<T> {
  return typeof value === 'function' ? (value as (asked: ConnectionContext) => T | PromiseLike<T>)(context) : value;
}
