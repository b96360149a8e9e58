import type { Stats } from 'chunksocket';
import { elementBelow, elementById } from '../page/elements.ts';
import { formatBytes, formatMs, formatRate } from '../page/format.ts';

type FigureName = 'limit' | 'rate' | 'rtt' | 'ping' | 'inFlight' | 'sent' | 'resent' | 'connections';

/** The figures of the moment. */
export class FiguresView {
  readonly #list = elementById('figures', HTMLElement);

  /** @param pingMs - of the last small message that came back */
  show(stats: Stats, sentPerSecond: number, pingMs: number | undefined): void {
    this.#set('limit', formatBytes(stats.limitBytes));
    this.#set('rate', formatRate(sentPerSecond));
    this.#set('rtt', formatMs(stats.rttMs === 0 ? null : stats.rttMs));
    this.#set('ping', formatMs(pingMs ?? null));
    this.#set('inFlight', formatBytes(stats.inFlightBytes));
    this.#set('sent', formatBytes(stats.sentBytes));
    this.#set('resent', formatBytes(stats.resentBytes));
    this.#set('connections', String(stats.connections));
  }

  #set(name: FigureName, text: string): void {
    const element = elementBelow(this.#list, `[data-figure="${name}"]`, HTMLElement);
    if (element.textContent !== text) element.textContent = text;
  }
}
