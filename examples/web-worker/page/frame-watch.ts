/** Finds the longest time between two frames: so long the page could neither draw nor answer a click. */
export class FrameWatch {
  #longestMs = 0;
  #lastAtMs = performance.now();
  #request = 0;

  start(): void {
    this.#longestMs = 0;
    this.#lastAtMs = performance.now();
    this.#request = requestAnimationFrame(this.#frame);
  }

  /** @returns the longest time, in ms */
  stop(): number {
    cancelAnimationFrame(this.#request);
    this.#count();
    return this.#longestMs;
  }

  readonly #frame = (): void => {
    this.#count();
    this.#request = requestAnimationFrame(this.#frame);
  };

  #count(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastAtMs);
    this.#lastAtMs = nowMs;
  }
}
