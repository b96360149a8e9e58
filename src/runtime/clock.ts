/** Time and timers, given from outside so that tests need not wait. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes backwards. */
  now(): number;
  /** Calls `callback` once after `delayMs`; the returned function calls it off. */
  setTimer(delayMs: number, callback: () => void): () => void;
}
