import { OptionError } from '../errors/session-errors.ts';

/** Origin and path: what lies behind `?` is left out, as it often carries tokens. */
export function pathOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/**
 * An absolute `ws:` or `wss:` URL; `http:` and `https:` are mapped, relative ones resolved against the page.
 *
 * @throws OptionError for what is no such URL
 */
export function socketUrl(url: string | URL): string {
  try {
    const { href, hash } = new URL(url, (globalThis as { location?: { href: string } }).location?.href);
    if (/^(http|ws)s?:/.test(href) && hash === '') return href.replace(/^http/, 'ws');
  } catch {
    // said below
  }
  throw new OptionError('url', String(url), 'a ws, wss, http or https URL without a fragment');
}
