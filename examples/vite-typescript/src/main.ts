import { ChunkSocket } from 'chunksocket';
import '../../shared/style.css';
import { addEvent, addMessage, onCut, onSubmit, showProblem, showProgress, showStatus } from './view.ts';

const author = `guest ${String(Math.floor(Math.random() * 1000))}`;
const socket = new ChunkSocket('/chat');

socket.on('status', ({ status }) => {
  showStatus(status);
});
socket.on('retry', ({ attempt, delayMs, close }) => {
  addEvent(`lost with code ${close.code}, try ${attempt} in ${Math.round(delayMs)} ms`);
});
socket.on('resume', ({ connections, resentBytes }) => {
  addEvent(`connection ${connections}, ${resentBytes.toLocaleString('en')} bytes sent again`);
});
socket.on('limit', ({ toBytes, cause }) => {
  addEvent(`packets of up to ${toBytes.toLocaleString('en')} bytes (${cause})`);
});
socket.on('close', ({ code, error }) => {
  showProblem(error?.message ?? `The chat was closed (${code}).`);
});

socket.on('message', ({ data, meta }) => {
  if (typeof data === 'string') addMessage((meta as { author: string }).author, data);
});

onSubmit(async (text) => {
  showProblem('');
  const transfer = socket.send(text, { meta: { author } });
  transfer.on('progress', ({ ackedBytes, totalBytes = 0 }) => {
    showProgress(ackedBytes / totalBytes);
  });
  try {
    await transfer.delivered;
  } catch (error) {
    // This message failed; the chat goes on.
    showProblem(error instanceof Error ? error.message : String(error));
  }
});

onCut(() => {
  void fetch('/cut', { method: 'POST' });
});
