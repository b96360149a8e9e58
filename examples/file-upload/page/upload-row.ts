import { element } from '../../shared/page-elements.ts';
import { formatBytes } from './format-bytes.ts';

/** One file in the page's list. */
export class UploadRow {
  readonly #totalBytes: number;
  readonly #item: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #state: HTMLElement;
  readonly #pause: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;

  constructor(name: string, totalBytes: number) {
    const copy = element('upload', HTMLTemplateElement).content.cloneNode(true) as DocumentFragment;
    const find = <Type extends HTMLElement>(selector: string, type: new () => Type): Type => {
      const found = copy.querySelector(selector);
      if (!(found instanceof type)) throw new Error(`The template has no ${selector}.`);
      return found;
    };
    this.#totalBytes = totalBytes;
    this.#item = find('li', HTMLElement);
    this.#bar = find('progress', HTMLProgressElement);
    this.#state = find('.row-state', HTMLElement);
    this.#pause = find('.pause', HTMLButtonElement);
    this.#cancel = find('.cancel', HTMLButtonElement);
    find('.name', HTMLElement).textContent = name;
    this.#bar.setAttribute('aria-label', name);
    this.#pause.setAttribute('aria-label', `Pause ${name}`);
    this.#cancel.setAttribute('aria-label', `Cancel ${name}`);
    this.say(`${formatBytes(totalBytes)}, waiting`);
    element('uploads', HTMLElement).prepend(copy);
  }

  onCancel(listener: () => void): void {
    this.#cancel.addEventListener('click', listener);
  }

  /** @param listener - called with whether the file is to wait */
  onPause(listener: (isPaused: boolean) => void): void {
    this.#pause.addEventListener('click', () => {
      const isPaused = !this.#isPaused;
      this.#pause.setAttribute('aria-pressed', String(isPaused));
      this.#item.dataset['state'] = isPaused ? 'paused' : 'sending';
      this.say(isPaused ? 'Paused' : 'Goes on');
      listener(isPaused);
    });
  }

  progress(ackedBytes: number, bytesPerSecond: number): void {
    this.#pause.disabled = false;
    this.#bar.value = this.#totalBytes === 0 ? 1 : ackedBytes / this.#totalBytes;
    const amount = `${formatBytes(ackedBytes)} of ${formatBytes(this.#totalBytes)}`;
    // What was under way when it was paused still comes.
    this.say(this.#isPaused ? `${amount}, paused` : `${amount}, ${formatBytes(Math.round(bytesPerSecond))}/s`);
  }

  get #isPaused(): boolean {
    return this.#pause.getAttribute('aria-pressed') === 'true';
  }

  say(text: string): void {
    this.#state.textContent = text;
  }

  /** There is nothing more to do with it. */
  end(state: 'saved' | 'failed' | 'cancelled', text: string): void {
    this.#item.dataset['state'] = state;
    this.say(text);
    // Who was on one of the buttons goes on where there is something to do.
    if (this.#item.contains(document.activeElement)) element('picker', HTMLInputElement).focus();
    this.#pause.remove();
    this.#cancel.remove();
  }
}
