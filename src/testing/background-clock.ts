import { platformClock } from '../client/platform-clock.ts';
import type { Clock } from '../runtime/clock.ts';

/** The platform's clock, as it is when it is asked: fake timers count. Its timers keep no process alive. */
export const backgroundClock: Clock = {
  now: () => platformClock.now(),
  setTimer: (delayMs, callback) => {
    // A number in a page, and an object in Node.
    const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
    (timer as Partial<typeof timer>).unref?.();
    return () => {
      clearTimeout(timer);
    };
  },
};
