import { elementById } from '../page/elements.ts';

/** Calls `listener` with each file that is picked, or dropped anywhere on the page. */
export function onFile(listener: (file: File) => void): void {
  const drop = elementById('drop', HTMLElement);
  const picker = elementById('picker', HTMLInputElement);
  picker.addEventListener('change', () => {
    for (const file of picker.files ?? []) listener(file);
    picker.value = '';
  });
  // Everywhere: the browser would leave the page for the file.
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) drop.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    for (const file of event.dataTransfer?.files ?? []) listener(file);
  });
}
