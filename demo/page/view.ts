import { elementBelow, elementById } from './elements.ts';
import { formatBytes, formatMs } from './format.ts';
import type { PingFigures } from './ping-series.ts';

const MAX_LOG_LINES = 300;

/** What can be seen of the path. */
export interface Figures {
  readonly limitBytes: number;
  readonly connections: number;
  readonly resentBytes: number;
}

/** The page's elements, by id. */
export class View {
  readonly #startedAtMs: number = performance.now();

  showFigures({ limitBytes, connections, resentBytes }: Figures): void {
    elementById('limit', HTMLElement).textContent = formatBytes(limitBytes);
    elementById('connections', HTMLElement).textContent = String(connections);
    elementById('resent', HTMLElement).textContent = formatBytes(resentBytes);
  }

  showPings(row: 'pings-idle' | 'pings-beside', { p50Ms, p99Ms, count }: PingFigures): void {
    const cells = [formatMs(p50Ms), formatMs(p99Ms), String(count)];
    for (const [index, text] of cells.entries()) {
      elementBelow(elementById(row, HTMLElement), `td:nth-of-type(${index + 1})`, HTMLElement).textContent = text;
    }
  }

  showStatus(status: string): void {
    const badge = elementById('status', HTMLElement);
    badge.textContent = status;
    badge.dataset['status'] = status;
  }

  /** Puts a line on top of the log. */
  log(text: string, tone: 'plain' | 'good' | 'bad' = 'plain'): void {
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    const line = document.createElement('li');
    line.className = tone;
    const time = document.createElement('time');
    time.textContent = `${seconds.toFixed(2)} s`;
    line.append(time, text);
    const log = elementById('log', HTMLElement);
    log.prepend(line);
    if (log.childElementCount > MAX_LOG_LINES) log.lastElementChild?.remove();
  }
}
