interface Page {
  readonly document?: EventTarget & { readonly hidden: boolean };
  readonly navigator?: { readonly onLine?: boolean };
  readonly addEventListener?: unknown;
}

const scope = globalThis as Page;

/**
 * Follows the page's events; does nothing where there is no page (a worker has only `online`, Node has none).
 *
 * @param woke - good news: the page is online, shown, or back from the cache
 * @param suspended - the page goes into the back/forward cache, which an open WebSocket would forbid
 * @param throttled - timers are throttled from now on, or no longer
 * @returns a function that ends it
 */
export function watchPage(
  woke: () => void,
  suspended: () => void,
  throttled: (isThrottled: boolean) => void,
): () => void {
  const stop = new AbortController();
  const listen = (target: unknown, type: string, listener: (event: Event) => void): void => {
    (target as Partial<EventTarget> | undefined)?.addEventListener?.(type, listener, { signal: stop.signal });
  };
  listen(scope, 'online', woke);
  listen(scope, 'pageshow', woke);
  listen(scope.document, 'resume', woke);
  listen(scope.document, 'visibilitychange', () => {
    throttled(isHidden());
    if (!isHidden()) woke();
  });
  listen(scope, 'pagehide', (event) => {
    if ((event as PageTransitionEvent).persisted) suspended();
  });
  return () => {
    stop.abort();
  };
}

/** The page is not shown, so its timers are throttled. */
export function isHidden(): boolean {
  return scope.document?.hidden === true;
}

/** False only when the platform is sure to be offline; it is often wrong the other way. */
export function isOnline(): boolean {
  return scope.navigator?.onLine !== false;
}
