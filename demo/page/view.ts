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

  /** Calls `listener` with each file that is picked or dropped. */
  onFile(listener: (file: File) => void): void {
    const drop = elementById('drop', HTMLElement);
    const picker = elementById('picker', HTMLInputElement);
    picker.addEventListener('change', () => {
      for (const file of picker.files ?? []) listener(file);
      picker.value = '';
    });
    // Beside the field, too: the browser would leave the page for the file.
    document.addEventListener('dragover', (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
    document.addEventListener('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) drop.classList.remove('over');
    });
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      for (const file of event.dataTransfer?.files ?? []) listener(file);
    });
  }

  /** Calls `listener` with the name of each fault that is asked for by a button. */
  onFault(listener: (name: string) => void): void {
    for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-fault]')) {
      button.addEventListener('click', () => {
        listener(button.dataset['fault'] ?? '');
      });
    }
  }

  onSample(label: string, listener: () => void): void {
    const button = elementById('sample', HTMLButtonElement);
    button.textContent = label;
    button.addEventListener('click', listener);
  }

  /** Calls `listener` with each small message that is to be sent. */
  onMessage(listener: (text: string) => void): void {
    const words = elementById('words', HTMLInputElement);
    elementById('message', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      listener(words.value);
      words.value = '';
    });
  }

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
