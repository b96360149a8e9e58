import type { Clock } from '../../src/runtime/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Real time, of which a test can leave out as much as it likes: what would have been due runs at once, in order. */
export class SkipClock implements Clock {
  #skippedMs = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return performance.now() + this.#skippedMs;
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const stop = (): void => {
      clearTimeout(handle);
      this.#timers.delete(timer);
    };
    const timer: Timer = {
      dueMs: this.now() + delayMs,
      run: () => {
        stop();
        callback();
      },
    };
    const handle = setTimeout(timer.run, Math.min(delayMs, 2 ** 31 - 1));
    this.#timers.add(timer);
    return stop;
  }

  skip(ms: number): void {
    const untilMs = this.now() + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      this.#skippedMs += Math.max(0, (due?.dueMs ?? untilMs) - this.now());
      if (due === undefined) return;
      due.run();
    }
  }
}
