const MAX_LINES = 400;

/** What one end saw, line by line, and what of it must not be. */
export class Notes {
  readonly log: string[] = [];
  readonly problems: string[] = [];
  readonly #startMs = performance.now();

  add(line: string): void {
    if (this.log.length < MAX_LINES) this.log.push(`${(performance.now() - this.#startMs).toFixed(0)} ms ${line}`);
  }

  problem(text: string): void {
    this.add(`PROBLEM: ${text}`);
    this.problems.push(text);
  }
}

/** Lets others wait for a change. */
export class Changes {
  #waiting: (() => void)[] = [];

  tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Fulfilled when the condition holds; it is asked after each change. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
