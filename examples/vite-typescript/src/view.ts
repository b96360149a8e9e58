const SHOWN_CHARACTERS = 280;
const MEGABYTE = 1_000_000;

function element<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`);
  return found;
}

const messages = element('messages', HTMLOListElement);
const events = element('events', HTMLOListElement);
const form = element('form', HTMLFormElement);
const text = element('text', HTMLTextAreaElement);
const progress = element('sent', HTMLProgressElement);
const state = element('state', HTMLElement);
const problem = element('problem', HTMLElement);

element('paste', HTMLButtonElement).addEventListener('click', () => {
  let long = '';
  for (let line = 1; long.length < MEGABYTE; line++) long += `This is line ${line} of a long message.\n`;
  text.value = long;
});

/** Calls `listener` with each message that is written. */
export function onSubmit(listener: (text: string) => Promise<void>): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void listener(text.value);
    form.reset();
  });
}

export function onCut(listener: () => void): void {
  element('cut', HTMLButtonElement).addEventListener('click', listener);
}

export function showStatus(status: string): void {
  state.textContent = status;
  state.dataset['state'] = status;
}

/** @param fraction - of the last message */
export function showProgress(fraction: number): void {
  progress.value = fraction;
}

export function showProblem(message: string): void {
  problem.textContent = message;
}

/** Says what happened to the connection. */
export function addEvent(event: string): void {
  const item = document.createElement('li');
  item.textContent = event;
  events.append(item);
}

export function addMessage(author: string, message: string): void {
  const item = document.createElement('li');
  const name = document.createElement('strong');
  name.textContent = author;
  item.append(name, ' ', message.slice(0, SHOWN_CHARACTERS));
  if (message.length > SHOWN_CHARACTERS) item.append('…', foldedUp(message));
  messages.append(item);
  item.scrollIntoView({ block: 'nearest' });
}

function foldedUp(message: string): HTMLDetailsElement {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = `All ${message.length.toLocaleString('en')} characters`;
  const whole = document.createElement('pre');
  whole.textContent = message;
  details.append(summary, whole);
  return details;
}
