/** What the life of the page means for a connection. */
export interface PageHandlers {
  /** Good news: the page is online, shown, or back from the cache. A wait may be cut short, a connection checked. */
  woke(): void;
  /** The page goes into the back/forward cache, which an open WebSocket would forbid. */
  suspended(): void;
  /** Timers are throttled from now on, or no longer. */
  throttled(isThrottled: boolean): void;
}

/** Follows the page's events; does nothing where there is no page (a worker has only `online`, Node has none). */
export function watchPage(handlers: PageHandlers): () => void {
  const scope = globalThis as Partial<Pick<Window & typeof globalThis, 'addEventListener' | 'document'>>;
  const { document } = scope;
  const stop = new AbortController();
  const listen = (target: Partial<EventTarget> | undefined, type: string, listener: (event: Event) => void): void => {
    target?.addEventListener?.(type, listener, { signal: stop.signal });
  };
  const woke = (): void => {
    handlers.woke();
  };
  listen(scope, 'online', woke);
  if (document !== undefined) {
    listen(document, 'visibilitychange', () => {
      handlers.throttled(document.hidden);
      if (!document.hidden) woke();
    });
    listen(document, 'resume', woke);
    listen(scope, 'pageshow', woke);
    listen(scope, 'pagehide', (event) => {
      if ((event as PageTransitionEvent).persisted) handlers.suspended();
    });
    handlers.throttled(document.hidden);
  }
  return () => {
    stop.abort();
  };
}

/** False only when the platform is sure to be offline; it is often wrong the other way. */
export function isOnline(): boolean {
  return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine !== false;
}
