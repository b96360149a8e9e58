import type { Transfer } from 'chunksocket';
import { elementBelow, elementById } from '../page/elements.ts';
import { formatBytes, formatRate, formatRest } from '../page/format.ts';
import { ChunkMap } from './chunk-map.ts';
import type { MapLoss } from './chunk-map.ts';
import { ChunkMapView } from './chunk-map-view.ts';
import type { Palette } from './palette.ts';

/** One file on its way, and the map of its chunks. */
export class TransferRow {
  readonly name: string;
  readonly #totalBytes: number;
  readonly #transfer: Transfer;
  readonly #map: ChunkMap;
  readonly #view: ChunkMapView;
  readonly #canvas: HTMLCanvasElement;
  readonly #amount: HTMLElement;
  readonly #state: HTMLElement;
  readonly #button: HTMLButtonElement;
  #conclusion: { readonly end?: string; readonly answer?: string; readonly tone: 'good' | 'bad' } = { tone: 'good' };

  constructor(name: string, totalBytes: number, transfer: Transfer, palette: Palette) {
    const template = elementById('transfer', HTMLTemplateElement);
    const item = elementBelow(template.content, 'li', HTMLElement).cloneNode(true) as HTMLElement;
    const title = elementBelow(item, '.name', HTMLElement);
    this.name = title.textContent = title.title = name;
    this.#totalBytes = totalBytes;
    this.#transfer = transfer;
    this.#amount = elementBelow(item, '.amount', HTMLElement);
    this.#state = elementBelow(item, '.state', HTMLElement);
    this.#button = elementBelow(item, 'button', HTMLButtonElement);
    this.#canvas = elementBelow(item, 'canvas', HTMLCanvasElement);
    this.#canvas.ariaLabel = `Chunks of ${name}`;
    this.#button.ariaLabel = `Cancel ${name}`;
    this.#button.addEventListener('click', () => {
      transfer.abort();
    });
    this.#map = new ChunkMap(totalBytes);
    this.#view = new ChunkMapView(this.#canvas, this.#map, palette);
    elementById('nothing', HTMLElement).hidden = true;
    elementById('transfers', HTMLElement).prepend(item);
    transfer.on('progress', ({ bytesPerSecond }) => {
      this.#progressed(bytesPerSecond);
    });
    this.say('waits for its turn');
    this.#show();
  }

  lose(loss: MapLoss): void {
    this.#show();
    this.#map.lose(loss);
    this.say('waits for a connection');
  }

  resume(): void {
    this.#show();
    this.#map.resume();
  }

  say(text: string, tone: 'plain' | 'good' | 'bad' = 'plain'): void {
    this.#state.textContent = text;
    this.#state.dataset['tone'] = tone;
  }

  /** There is nothing to cancel any more. */
  end(text: string, tone: 'good' | 'bad'): void {
    this.#show();
    this.#conclude({ end: text, tone });
    const hadFocus = document.activeElement === this.#button;
    this.#button.remove();
    if (hadFocus) elementById('picker', HTMLInputElement).focus();
  }

  /** The server has told what it got; that may come before or after the end is told. */
  confirm(text: string, tone: 'good' | 'bad'): void {
    this.#conclude({ answer: text, tone });
  }

  #conclude(part: { end?: string; answer?: string; tone: 'good' | 'bad' }): void {
    const isBad = part.tone === 'bad' || this.#conclusion.tone === 'bad';
    this.#conclusion = { ...this.#conclusion, ...part, tone: isBad ? 'bad' : 'good' };
    const { end, answer, tone } = this.#conclusion;
    this.say([end, answer].filter((text) => text !== undefined).join(' · '), tone);
  }

  #progressed(bytesPerSecond: number): void {
    this.#show();
    const rest = formatRest(this.#totalBytes - this.#transfer.ackedBytes, bytesPerSecond);
    if (rest !== '') this.say(`${formatRate(bytesPerSecond)} · ${rest}`);
  }

  #show(): void {
    const { ackedBytes, sentBytes } = this.#transfer;
    const percent = Math.floor(this.#totalBytes === 0 ? 100 : (ackedBytes / this.#totalBytes) * 100);
    this.#map.advance(ackedBytes, sentBytes);
    this.#view.update();
    this.#canvas.ariaValueNow = String(percent);
    this.#amount.textContent = `${formatBytes(ackedBytes)} of ${formatBytes(this.#totalBytes)} · ${percent} %`;
  }
}
