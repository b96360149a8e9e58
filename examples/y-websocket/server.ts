import { docs, getYDoc, setupWSConnection } from '@y/websocket-server/utils';
import { ChunkWebSocketServer } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import type { Example } from '../shared/example.ts';
import { close, createPageServer, listen } from '../shared/http-server.ts';
import { longText, readContent, ROOM } from './content.ts';

const TEXT_CHARACTERS = 300_000;

/** Serves the page, and the document to it, on any free port. */
export async function start(): Promise<Example> {
  const doc = getYDoc(ROOM);
  doc.getText('text').insert(0, longText('the server', 1, TEXT_CHARACTERS));
  const http = await createPageServer(new URL('.', import.meta.url), {
    routes: {
      'GET /document': (response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(readContent(doc)));
      },
    },
  });
  const wss = new WebSocketServer({ server: http, maxPayload: 32 * 1024 });
  const server = new ChunkWebSocketServer(wss, { maxMessageBytes: 16 * 1024 * 1024, pongWhileWaiting: true });
  server.on('connection', setupWSConnection);
  return {
    port: await listen(http),
    async close() {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      for (const socket of server.clients) socket.close(1001, 'Going away');
      await closed;
      await close(http);
      for (const { 1: each } of docs) each.destroy();
      docs.clear();
    },
  };
}
