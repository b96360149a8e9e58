import { elementBelow, elementById } from './elements.ts';
import { formatBytes, formatRate, formatRest } from './format.ts';

/** One file in the page's list. */
export class UploadRow {
  readonly #totalBytes: number;
  readonly #amount: HTMLElement;
  readonly #bar: HTMLProgressElement;
  readonly #state: HTMLElement;

  constructor(name: string, totalBytes: number) {
    const template = elementById('upload', HTMLTemplateElement);
    const item = elementBelow(template.content, 'li', HTMLElement).cloneNode(true) as HTMLElement;
    this.#totalBytes = totalBytes;
    this.#amount = elementBelow(item, '.amount', HTMLElement);
    this.#bar = elementBelow(item, 'progress', HTMLProgressElement);
    this.#state = elementBelow(item, '.state', HTMLElement);
    const title = elementBelow(item, '.name', HTMLElement);
    title.textContent = name;
    title.title = name;
    this.#bar.setAttribute('aria-label', name);
    elementById('nothing', HTMLElement).hidden = true;
    elementById('uploads', HTMLElement).prepend(item);
    this.#showAmount(0);
    this.say('Waits for its turn');
  }

  progress(ackedBytes: number, bytesPerSecond: number): void {
    this.#showAmount(ackedBytes);
    const rest = formatRest(this.#totalBytes - ackedBytes, bytesPerSecond);
    if (rest !== '') this.say(`${formatRate(bytesPerSecond)} · ${rest}`);
  }

  say(text: string): void {
    this.#state.textContent = text;
  }

  end(text: string, isGood: boolean): void {
    this.say(text);
    this.#state.classList.replace('quiet', isGood ? 'good' : 'bad');
  }

  #showAmount(ackedBytes: number): void {
    const fraction = this.#totalBytes === 0 ? 1 : ackedBytes / this.#totalBytes;
    this.#bar.value = fraction;
    const percent = Math.floor(fraction * 100);
    this.#amount.textContent = `${formatBytes(ackedBytes)} of ${formatBytes(this.#totalBytes)} · ${percent} %`;
  }
}
