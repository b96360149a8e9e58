import { pathOf } from './socket-url.ts';

const TTL_MS = 10 * 60_000;

/** Until when it is believed of an origin and path, in ms. */
const beliefs = new Map<string, number>();

/** It has been shown, not long ago, that the server behind `url` refuses connections that offer the protocol. */
export function isBelievedPlain(url: string, nowMs: number): boolean {
  return nowMs < (beliefs.get(pathOf(url)) ?? 0);
}

/** Believes it for ten minutes, for all sockets of the page. */
export function believePlain(url: string, nowMs: number): void {
  for (const [path, untilMs] of beliefs) if (nowMs >= untilMs) beliefs.delete(path);
  beliefs.set(pathOf(url), nowMs + TTL_MS);
}
