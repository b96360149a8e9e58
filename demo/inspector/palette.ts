import { elementById } from '../page/elements.ts';

const NAMES = [
  'card',
  'line',
  'text',
  'muted',
  'accent',
  'waiting',
  'sent',
  'acked',
  'resent',
  'refused',
  'good',
  'warn',
  'bad',
] as const;

/** A colour of the style sheet, by the name that it has there. */
export type ColorName = (typeof NAMES)[number];

const STORED_AS = 'chunksocket-inspector-theme';

/** The colours of the style sheet, for what is drawn on a canvas; and the switch between light and dark. */
export class Palette {
  #colors = readColors();
  readonly #listeners: (() => void)[] = [];

  constructor() {
    const group = elementById('theme', HTMLFieldSetElement);
    const radios = [...group.querySelectorAll('input')];
    const change = (theme: string): void => {
      if (theme === 'auto') delete document.documentElement.dataset['theme'];
      else document.documentElement.dataset['theme'] = theme;
      this.#update();
    };
    for (const radio of radios) {
      radio.checked = radio.value === (localStorage.getItem(STORED_AS) ?? 'auto');
      if (radio.checked) change(radio.value);
      radio.addEventListener('change', () => {
        localStorage.setItem(STORED_AS, radio.value);
        change(radio.value);
      });
    }
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#update();
    });
  }

  get(name: ColorName): string {
    return this.#colors[name];
  }

  /** Calls `listener` when the colours have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #update(): void {
    this.#colors = readColors();
    for (const listener of this.#listeners) listener();
  }
}

/** A variable's own value may be a choice between two: only a property that uses it says which. */
function readColors(): Record<ColorName, string> {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colors = NAMES.map((name): [string, string] => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colors) as Record<ColorName, string>;
}
