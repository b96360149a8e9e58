import { OptionError } from '../errors/session-errors.ts';

/**
 * An absolute `ws:` or `wss:` URL; `http:` and `https:` are mapped, relative ones resolved against the page.
 *
 * @throws OptionError for what is no such URL
 */
export function socketUrl(url: string | URL): string {
  const base = (globalThis as { location?: { href: string } }).location?.href;
  let parsed: URL | undefined;
  try {
    parsed = new URL(url, base);
  } catch {
    // said below
  }
  const scheme = parsed?.protocol.replace(/^http/, 'ws');
  if (parsed === undefined || (scheme !== 'ws:' && scheme !== 'wss:') || parsed.hash !== '') {
    throw new OptionError('url', String(url), 'a ws, wss, http or https URL without a fragment');
  }
  return scheme + parsed.href.slice(parsed.protocol.length);
}
