import type { Clock } from '../../src/runtime/clock.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Real time that passes `factor` times as slowly: for tests of what a busy machine must not be too late for. */
export function slowClock(factor: number): Clock {
  return {
    now: () => performance.now() / factor,
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs * factor, MAX_TIMER_MS));
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
