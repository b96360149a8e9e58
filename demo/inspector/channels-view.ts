import type { ChannelStats } from 'chunksocket';
import { elementById } from '../page/elements.ts';
import { formatBytes } from '../page/format.ts';

/** The channels that were used, and what waits on each. */
export class ChannelsView {
  readonly #body = elementById('channels', HTMLTableSectionElement);
  readonly #rows = new Map<string, HTMLTableRowElement>();

  show(channels: readonly ChannelStats[], isOpen: boolean): void {
    for (const { name } of channels) if (!this.#rows.has(name)) this.#add(name);
    for (const [name, row] of this.#rows) {
      const { messages = 0, bytes = 0, isHeldUp = false } = channels.find((channel) => channel.name === name) ?? {};
      const state = isHeldUp ? 'held up' : messages === 0 ? 'idle' : isOpen ? 'sending' : 'waiting';
      row.dataset['state'] = state;
      for (const [index, text] of [String(messages), formatBytes(bytes), state].entries()) {
        const cell = row.cells[index + 1];
        if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
      }
    }
  }

  /** Shown from now on, also while nothing waits. */
  add(...names: readonly string[]): void {
    for (const name of names) if (!this.#rows.has(name)) this.#add(name);
  }

  #add(name: string): void {
    const row = this.#body.insertRow();
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = name === '' ? '(default)' : name;
    row.append(head);
    for (let count = 0; count < 3; count++) row.insertCell();
    this.#rows.set(name, row);
  }
}
