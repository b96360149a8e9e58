const SAMPLE_EVERY_MS = 50;
const SETTLE_MS = 300;

declare global {
  interface Performance {
    /** Chromium only. */
    readonly memory: { readonly usedJSHeapSize: number };
  }
  /** There with `--expose-gc`. */
  var gc: (() => void) | undefined;
}

/** Watches the JavaScript heap; Chromium counts buffers outside of it, too. */
export class HeapWatch {
  readonly startBytes: number;
  #maxBytes: number;
  #liveBytes: number | undefined;
  readonly #timer: number;

  private constructor() {
    this.startBytes = this.#maxBytes = performance.memory.usedJSHeapSize;
    this.#timer = setInterval(() => {
      this.sample();
    }, SAMPLE_EVERY_MS);
  }

  /** Collects the garbage first. */
  static async start(): Promise<HeapWatch> {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    globalThis.gc?.();
    return new HeapWatch();
  }

  sample(): void {
    this.#maxBytes = Math.max(this.#maxBytes, performance.memory.usedJSHeapSize);
  }

  /** What is in use half way; without what was waiting to be collected. */
  get liveBytes(): number {
    return this.#liveBytes ?? NaN;
  }

  /** So much is done: collects the garbage, once, half way. */
  progress(doneBytes: number, totalBytes: number): void {
    if (this.#liveBytes !== undefined || doneBytes * 2 < totalBytes) return;
    this.sample();
    // What the first one finds is freed beside it.
    globalThis.gc?.();
    globalThis.gc?.();
    this.#liveBytes = performance.memory.usedJSHeapSize;
  }

  /** @returns the most there was */
  stop(): number {
    clearInterval(this.#timer);
    this.sample();
    return this.#maxBytes;
  }
}
