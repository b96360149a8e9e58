import { elementById } from '../page/elements.ts';
import type { Line } from './describe.ts';

const MAX_LINES = 400;

/** What happened, the latest first. */
export class EventLog {
  readonly #list = elementById('log', HTMLOListElement);

  /** @param atMs - since the page was loaded */
  add(atMs: number, kind: string, { text, tone }: Line): void {
    const item = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = `${(atMs / 1000).toFixed(2)} s`;
    const name = document.createElement('span');
    name.className = 'kind';
    name.textContent = kind;
    const words = document.createElement('span');
    words.dataset['tone'] = tone;
    words.textContent = text;
    item.dataset['kind'] = kind;
    item.append(time, name, words);
    this.#list.prepend(item);
    if (this.#list.childElementCount > MAX_LINES) this.#list.lastElementChild?.remove();
  }
}
