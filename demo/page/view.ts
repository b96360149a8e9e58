const MIB = 1024 * 1024;
const MAX_LOG_LINES = 300;

/** What can be seen of the transfer. */
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
    const drop = element('drop', HTMLElement);
    const picker = element('picker', HTMLInputElement);
    picker.addEventListener('change', () => {
      for (const file of picker.files ?? []) listener(file);
      picker.value = '';
    });
    drop.addEventListener('dragover', (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
    drop.addEventListener('dragleave', () => {
      drop.classList.remove('over');
    });
    drop.addEventListener('drop', (event) => {
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
    const button = element('sample', HTMLButtonElement);
    button.textContent = label;
    button.addEventListener('click', listener);
  }

  showProgress(name: string, ackedBytes: number, totalBytes: number): void {
    const percent = totalBytes === 0 ? 100 : (ackedBytes / totalBytes) * 100;
    element('bar', HTMLElement).style.width = `${percent}%`;
    element('name', HTMLElement).textContent = name;
    element('amount', HTMLElement).textContent =
      `${(ackedBytes / MIB).toFixed(1)} of ${(totalBytes / MIB).toFixed(1)} MiB · ${Math.floor(percent)} %`;
  }

  showFigures({ limitBytes, connections, resentBytes }: Figures): void {
    element('limit', HTMLElement).textContent = `${limitBytes / 1024} KiB`;
    element('connections', HTMLElement).textContent = String(connections);
    element('resent', HTMLElement).textContent = `${(resentBytes / 1024).toFixed(0)} KiB`;
  }

  showStatus(status: string): void {
    const badge = element('status', HTMLElement);
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
    const log = element('log', HTMLElement);
    log.prepend(line);
    if (log.childElementCount > MAX_LOG_LINES) log.lastElementChild?.remove();
  }
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} with the id ${id}`);
  return found;
}
