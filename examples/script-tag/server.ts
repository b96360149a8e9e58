import { ChunkServer } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import type { Example } from '../shared/example.ts';
import { close, createPageServer, listen } from '../shared/http-server.ts';

/** Serves the page, the script, and an echo, on any free port. */
export async function start(): Promise<Example> {
  const http = await createPageServer(new URL('.', import.meta.url), {
    modules: {},
    scripts: { '/chunksocket.iife.min.js': new URL('../../dist/chunksocket.iife.min.js', import.meta.url) },
  });
  const wss = new WebSocketServer({ server: http, path: '/live', maxPayload: 32 * 1024 });
  const server = new ChunkServer();
  server.attach(wss);
  server.on('session', (session) => {
    session.on('message', ({ data, channel }) => session.send(data, { channel }));
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
