import { ChunkServer } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import type { Example } from '../shared/example.ts';
import { close, createPageServer, listen } from '../shared/http-server.ts';

/** Serves the page, and rooms that tell how long a text is, on any free port. */
export async function start(): Promise<Example> {
  const rooms = { opened: 0, open: [] as string[] };
  const http = await createPageServer(new URL('.', import.meta.url), {
    modules: { '/page.js': 'page.tsx' },
    routes: {
      'GET /rooms': (response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(rooms));
      },
    },
  });
  const wss = new WebSocketServer({ server: http, path: '/live', maxPayload: 32 * 1024 });
  const server = new ChunkServer();
  server.attach(wss);
  server.on('session', (session) => {
    const room = new URL(session.request.url, 'http://localhost').searchParams.get('room') ?? '';
    rooms.opened++;
    rooms.open.push(room);
    session.on('message', ({ data, channel }) => {
      session.send(`${room} got ${data.length.toLocaleString('en')} characters`, { channel });
    });
    session.on('close', () => {
      rooms.open.splice(rooms.open.indexOf(room), 1);
    });
  });
  return {
    port: await listen(http),
    async close() {
      await server.close({ deadlineMs: 0 });
      wss.close();
      await close(http);
    },
  };
}
