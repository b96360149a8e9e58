import type { PageReport } from './page-report.ts';

const PROGRESS_EVERY_MS = 1000;

/** Tells the bench how it goes. Progress is told once a second, and only while there is any. */
export class Reporter {
  #done = 0;
  #total = 0;
  #told = 0;

  /** Called at once with each progress. */
  onProgress: ((doneBytes: number, totalBytes: number) => void) | undefined;

  constructor() {
    setInterval(() => {
      if (this.#done === this.#told) return;
      this.#told = this.#done;
      // Without an answer the next one tells.
      this.tell({ kind: 'progress', doneBytes: this.#done, totalBytes: this.#total }).catch(() => undefined);
    }, PROGRESS_EVERY_MS);
  }

  /** Something moves. */
  progress(doneBytes: number, totalBytes: number): void {
    this.#done = doneBytes;
    this.#total = totalBytes;
    this.onProgress?.(doneBytes, totalBytes);
  }

  /** Resolves when the bench has taken notice, with what it answers. */
  async tell(report: PageReport): Promise<unknown> {
    const response = await fetch('/reports', { method: 'POST', body: JSON.stringify(report) });
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  }
}
