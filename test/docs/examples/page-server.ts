import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { WebSocketServer } from 'ws';
import { ChunkServer } from '../../../src/server.ts';
import type { ServerSession } from '../../../src/server.ts';

/** Serves bundles to a page, and talks to what they do. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Text comes back on its channel; of an upload, how long it was; and whoever connects gets a photo. */
function talk(session: ServerSession): void {
  session.on('message', ({ data, channel }) => session.send(data, { channel }));
  session.on('incoming', async (incoming) => {
    if (incoming.channel !== 'uploads') return;
    const { length } = await buffer(incoming.readable());
    session.send(JSON.stringify({ bytes: length }), { channel: 'results' });
  });
  session.send(new Uint8Array(100_000), { channel: 'photos', meta: { type: 'image/png' } });
}

/** @param folder - of the bundles */
export async function startPageServer(folder: string): Promise<PageServer> {
  const http = createServer((request, response) => {
    void answer(basename(request.url ?? '')).then(
      ([type, content]) => response.writeHead(200, { 'Content-Type': type }).end(content),
      () => response.writeHead(404).end(),
    );
  });
  const answer = async (name: string): Promise<[string, string | Buffer]> =>
    name.endsWith('.js')
      ? ['text/javascript', await readFile(join(folder, name))]
      : ['text/html', '<!doctype html><meta charset="utf-8"><title>example</title>'];
  const server = new ChunkServer();
  server.attach(new WebSocketServer({ server: http, maxPayload: 64 * 1024 }));
  server.on('session', talk);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    async close() {
      await server.close({ deadlineMs: 0 });
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}
