import { element, enableCut, showState } from './page-elements.ts';

declare global {
  interface Window {
    /** What came of it, when the page is done. */
    exampleResult?: unknown;
  }
}

/**
 * Starts what the page does, and makes its buttons work: one cuts all connections, the other ends it.
 *
 * @param run - resolves with what came of it, some time after `stop` was aborted
 */
export function runPage(run: (stop: AbortSignal) => Promise<object>): void {
  const stop = new AbortController();
  enableCut();
  element('stop', HTMLButtonElement).addEventListener('click', () => {
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
