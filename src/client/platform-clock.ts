import type { Clock } from '../runtime/clock.ts';

/** The platform's monotonic clock and timers. */
export const platformClock: Clock = {
  now: () => performance.now(),
  setTimer: (delayMs, callback) => {
    // A longer delay than this would wrap around to none.
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    return () => {
      clearTimeout(timer);
    };
  },
};
