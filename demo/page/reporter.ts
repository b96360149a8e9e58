import type { PageReport } from './page-report.ts';

/** Tells the demo's server what happened, in order, one request at a time. */
export class Reporter {
  #queue: PageReport[] = [];
  #isPosting = false;

  add(report: PageReport): void {
    // Of progress only the latest matters.
    if (report.kind === 'progress' && this.#queue.at(-1)?.kind === 'progress') this.#queue.pop();
    this.#queue.push(report);
    if (!this.#isPosting) void this.#post();
  }

  async #post(): Promise<void> {
    this.#isPosting = true;
    while (this.#queue.length > 0) {
      const body = JSON.stringify(this.#queue);
      this.#queue = [];
      // Without anybody to tell, the page goes on.
      await fetch('/reports', { method: 'POST', body }).catch(() => undefined);
    }
    this.#isPosting = false;
  }
}
