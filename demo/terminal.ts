import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { formatBytes, formatRate, formatRest } from './page/format.ts';
import { progressBar } from './progress-bar.ts';

/** How a line looks, where there are colours. */
export type Tone = 'plain' | 'quiet' | 'good' | 'bad';

const COLORS = { plain: 'reset', quiet: 'gray', good: 'green', bad: 'yellow' } as const;
const BAR_WIDTH = 32;
/** For the words beside the bar. */
const AMOUNT_WIDTH = 56;
const NAME_WIDTH = 12;
/** For terminals that do not know their width. */
const DEFAULT_COLUMNS = 80;
const BAR_EVERY_MS = 50;
/** Where there is no bar: a line for every so many percent. */
const LINE_EVERY_PERCENT = 10;

/** Lines for people, above a progress bar where the stream is a terminal. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  readonly #isTty: boolean;
  readonly #hasColors: boolean;
  readonly #startedAtMs: number = performance.now();
  #bar = '';
  #nextBarAtMs = 0;
  #nextLinePercent = LINE_EVERY_PERCENT;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // The types of Node take every stream for a terminal.
    this.#isTty = (stream as Partial<WriteStream>).isTTY ?? false;
    this.#hasColors = this.#isTty && stream.hasColors();
  }

  /** A line as it is. */
  line(text = '', tone: Tone = 'plain'): void {
    this.#clear();
    // Names of files and the like are a page's: what moves the cursor, or worse, is not for this terminal.
    const safe = text.replace(/\p{Cc}/gu, '\uFFFD');
    this.#stream.write(`${this.#hasColors && tone !== 'plain' ? styleText(COLORS[tone], safe) : safe}\n`);
    this.#stream.write(this.#bar);
  }

  /** A name and its value, in a list of such. */
  row(name: string, value: string): void {
    this.line(`  ${name.padEnd(NAME_WIDTH)} ${value}`);
  }

  /** Something that happened, with the time and with who says so. */
  event(who: string, text: string, tone: Tone = 'plain'): void {
    const seconds = ((performance.now() - this.#startedAtMs) / 1000).toFixed(2);
    this.line(`${seconds.padStart(7)} s  ${who.padEnd(8)} ${text}`, tone);
  }

  progress(ackedBytes: number, totalBytes: number, bytesPerSecond: number): void {
    const fraction = totalBytes === 0 ? 1 : ackedBytes / totalBytes;
    const percent = Math.floor(fraction * 100);
    const rest = formatRest(totalBytes - ackedBytes, bytesPerSecond);
    const words = [
      `${percent} %`,
      `${formatBytes(ackedBytes)} of ${formatBytes(totalBytes)}`,
      bytesPerSecond > 0 ? formatRate(bytesPerSecond) : '',
    ];
    const amount = [...words, rest].filter((word) => word !== '').join(', ');
    if (!this.#isTty) {
      if (percent < this.#nextLinePercent) return;
      this.#nextLinePercent = (Math.floor(percent / LINE_EVERY_PERCENT) + 1) * LINE_EVERY_PERCENT;
      this.event('page', amount, 'quiet');
      return;
    }
    const nowMs = performance.now();
    if (nowMs < this.#nextBarAtMs && fraction < 1) return;
    this.#nextBarAtMs = nowMs + BAR_EVERY_MS;
    this.#clear();
    const width = Math.max(0, Math.min(BAR_WIDTH, (this.#stream.columns || DEFAULT_COLUMNS) - AMOUNT_WIDTH));
    this.#bar = `${progressBar(fraction, width)} ${amount}`;
    this.#stream.write(this.#bar);
  }

  /** Takes the bar away; the next transfer has one of its own. */
  endProgress(): void {
    this.#clear();
    this.#bar = '';
    this.#nextLinePercent = LINE_EVERY_PERCENT;
  }

  #clear(): void {
    if (this.#bar !== '') this.#stream.write('\r\x1b[K');
  }
}
