/* global Worker -- of the page */
import { ChunkSocket } from 'chunksocket';
import { ChunkWebSocket } from 'chunksocket/websocket';
import { explainClose } from 'chunksocket/explain';
import { createPair } from 'chunksocket/testing';
import { echo } from '../echo.js';

await echo(ChunkSocket, 'vite');

const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
worker.onerror = (event) => {
  void fetch('/report', {
    method: 'POST',
    body: JSON.stringify({ page: 'vite: worker', error: String(event.message) }),
  });
};

const { socket, session, close } = await createPair();
const message = new Promise((resolve) => session.once('message', resolve));
await socket.send('no network').delivered;
const { data } = await message;
await close();
const isSame = data === 'no network' && explainClose({ code: 1009 }).code === 1009 && ChunkWebSocket.OPEN === 1;
await fetch('/report', { method: 'POST', body: JSON.stringify({ page: 'vite: other entries', isSame }) });
