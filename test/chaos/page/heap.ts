const SETTLE_MS = 50;
const ROUNDS = 3;

/** What Chromium offers when it is asked to. */
const scope = globalThis as {
  readonly gc?: () => void;
  readonly performance: { readonly memory?: { readonly usedJSHeapSize: number } };
};

/** Bytes of the heap of JavaScript without what is garbage; undefined where the browser does not tell. */
export async function heapBytes(): Promise<number | undefined> {
  // What a round frees may have kept something else.
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    scope.gc?.();
  }
  return scope.gc === undefined ? undefined : scope.performance.memory?.usedJSHeapSize;
}
