import { elementById } from '../page/elements.ts';
import type { PathState } from './faults.ts';

/** The buttons that break the path, where the demo's server is there to do it. */
export class FaultBar {
  readonly #bar = elementById('faults', HTMLElement);
  readonly #onFault: (name: string) => void;

  /** @param onFault - told of each fault that was done */
  constructor(onFault: (name: string) => void) {
    this.#onFault = onFault;
    for (const control of this.#bar.querySelectorAll<HTMLElement>('[data-fault]')) {
      const name = control.dataset['fault'] ?? '';
      control.addEventListener(control instanceof HTMLInputElement ? 'change' : 'click', () => {
        void this.#strike(name);
      });
    }
    void this.#ask('GET', 'faults');
  }

  async #strike(name: string): Promise<void> {
    const state = await this.#ask('POST', `faults/${name}`);
    if (state === undefined) return;
    this.#onFault(name);
    // A path that is back is told of by the browser: here it is the path alone that was away.
    if (name === 'offline') dispatchEvent(new Event(state.isOffline ? 'offline' : 'online'));
  }

  async #ask(method: string, path: string): Promise<PathState | undefined> {
    const response = await fetch(path, { method });
    this.#bar.hidden = !response.ok;
    if (!response.ok) return undefined;
    const state = (await response.json()) as PathState;
    this.#press('upstream', state.isUpstreamDown);
    this.#press('slow', state.isSlow);
    this.#press('offline', state.isOffline);
    for (const radio of this.#bar.querySelectorAll<HTMLInputElement>('[name="limit"]')) {
      radio.checked = Number(radio.value) === state.limitBytes;
    }
    return state;
  }

  #press(name: string, isPressed: boolean): void {
    this.#bar.querySelector(`[data-fault="${name}"]`)?.setAttribute('aria-pressed', String(isPressed));
  }
}
