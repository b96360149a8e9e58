import { styleText } from 'node:util';

const MIB = 1024 * 1024;
const CLEAR_LINE = '\r\x1b[K';
/** On what is no terminal: a line for every so many percent. */
const LINE_EVERY_PERCENT = 25;

/** Lines for people, and below them how far a transfer has come. */
export class Output {
  readonly #stream: NodeJS.WriteStream = process.stdout;
  #progress = '';
  #nextPercent = LINE_EVERY_PERCENT;

  line(text = '', isMissed = false): void {
    this.#clear();
    this.#stream.write(`${isMissed && this.#stream.isTTY ? styleText('yellow', text) : text}\n`);
  }

  progress(doneBytes: number, totalBytes: number): void {
    const percent = Math.floor((doneBytes / totalBytes) * 100);
    const text = `  ${percent} %, ${formatMebibytes(doneBytes)} of ${formatMebibytes(totalBytes)}`;
    if (this.#stream.isTTY) {
      this.#clear();
      this.#progress = text;
      this.#stream.write(text);
    } else if (percent >= this.#nextPercent) {
      this.#nextPercent = (Math.floor(percent / LINE_EVERY_PERCENT) + 1) * LINE_EVERY_PERCENT;
      this.line(text);
    }
  }

  endProgress(): void {
    this.#clear();
    this.#nextPercent = LINE_EVERY_PERCENT;
  }

  #clear(): void {
    if (this.#progress !== '') this.#stream.write(CLEAR_LINE);
    this.#progress = '';
  }
}

/** `134217728` as `128 MiB`. */
export function formatMebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`;
}
