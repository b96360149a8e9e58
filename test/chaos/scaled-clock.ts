import type { Clock } from '../../src/runtime/clock.ts';

/** Real time that passes so many times faster. */
export function scaledClock(scale: number): Clock {
  return {
    now: () => performance.now() * scale,
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs / scale, 2 ** 31 - 1));
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
