/** The element of the page with that id, which is of that type. */
export function element<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`);
  return found;
}

export function show(id: string, value: string | number): void {
  element(id, HTMLElement).textContent = typeof value === 'number' ? value.toLocaleString('en') : value;
}

/** How it goes: what the badge says, by which it gets its colour. */
export function showState(state: string): void {
  const badge = element('state', HTMLElement);
  badge.textContent = state;
  badge.dataset['state'] = state;
}

/** Makes the button work that cuts all connections. */
export function enableCut(): void {
  element('cut', HTMLButtonElement).addEventListener('click', () => {
    void fetch('/cut', { method: 'POST' });
  });
}
