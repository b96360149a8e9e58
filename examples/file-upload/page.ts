import { ChunkSocket } from 'chunksocket';
import { element, enableCut, show, showState } from '../shared/page-elements.ts';
import { Uploads } from './page/uploads.ts';

const socket = new ChunkSocket('/live');
const uploads = new Uploads(socket);
const picker = element('picker', HTMLInputElement);
const drop = element('drop', HTMLElement);

const send = (files: FileList | null | undefined): void => {
  for (const file of files ?? []) void uploads.send(file);
};

socket.on('status', ({ status }) => {
  showState(status);
});
socket.on('retry', ({ close, delayMs }) => {
  show('connection', `The connection was lost (${close.code}); the next one is tried in ${Math.round(delayMs)} ms.`);
});
socket.on('resume', ({ resentBytes, connections }) => {
  show('connection', `Connection ${connections}: ${resentBytes.toLocaleString('en')} bytes were sent again.`);
});
socket.on('close', ({ code, error }) => {
  show('connection', error?.message ?? `The socket was closed (${code}).`);
  picker.disabled = true;
});

enableCut();
picker.addEventListener('change', () => {
  send(picker.files);
  // The same file can be picked again.
  picker.value = '';
});
// On the whole page: beside the field the browser would leave the page for the file.
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
  send(event.dataTransfer?.files);
});
