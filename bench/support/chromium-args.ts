/** What makes figures of it: exact heap sizes, a heap that can be cleaned, and timers that nobody slows down. */
export const benchArgs: readonly string[] = [
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-extensions',
];
