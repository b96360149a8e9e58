declare global {
  interface Window {
    /** What came of it, when the page is done. */
    exampleResult?: unknown;
  }
}

/** The element of the page with that id. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found;
}

export function show(id: string, value: string | number): void {
  element(id).textContent = typeof value === 'number' ? value.toLocaleString('en') : value;
}

/** How it goes: what the badge says. */
export function showState(state: 'connecting' | 'running' | 'finishing' | 'done' | 'failed'): void {
  const badge = element('state');
  badge.textContent = state;
  badge.dataset['state'] = state;
}

/** Where the sockets lead: to `?socket=ws://host:port`, or to where the page is from. */
export function socketBase(): string {
  return new URLSearchParams(location.search).get('socket') ?? location.origin.replace(/^http/, 'ws');
}

/**
 * Starts what the page does, and makes its buttons work: one cuts all connections, the other ends it.
 *
 * @param run - resolves with what came of it, some time after `stop` was aborted
 */
export function runPage(run: (stop: AbortSignal) => Promise<object>): void {
  const stop = new AbortController();
  element('cut').addEventListener('click', () => {
    void fetch('/cut', { method: 'POST' });
  });
  element('stop').addEventListener('click', () => {
    if (stop.signal.aborted) return;
    showState('finishing');
    stop.abort();
  });
  showState('connecting');
  run(stop.signal).then(
    (result) => {
      showState('done');
      window.exampleResult = result;
    },
    (error: unknown) => {
      showState('failed');
      throw error;
    },
  );
}
