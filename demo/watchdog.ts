/** Barks when nothing has happened for a while. */
export class Watchdog implements Disposable {
  /** Rejects when nothing has happened for too long. */
  readonly barked: Promise<never>;
  readonly #timer: NodeJS.Timeout;

  constructor(silenceMs: number) {
    let bark: () => void = () => undefined;
    this.barked = new Promise((_, reject) => {
      bark = () => {
        reject(new Error(`Nothing has happened for ${silenceMs / 1000} s: giving up.`));
      };
    });
    this.barked.catch(() => undefined);
    this.#timer = setTimeout(() => {
      bark();
    }, silenceMs);
  }

  /** Something happened. */
  touch(): void {
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
