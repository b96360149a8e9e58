import type { Clock } from '../runtime/clock.ts';

/** A longer delay than this would wrap around to none. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The process's monotonic clock. Its timers keep the process alive only where `keepsAlive` says so. */
export function nodeClock(keepsAlive: boolean): Clock {
  return {
    now: () => performance.now(),
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
      // A page's timers are numbers (`chunksocket/testing`).
      if (!keepsAlive) (timer as Partial<NodeJS.Timeout>).unref?.();
      return () => {
        clearTimeout(timer);
      };
    },
  };
}
