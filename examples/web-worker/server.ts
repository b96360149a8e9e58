import { ChunkServer } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import type { Example } from '../shared/example.ts';
import { close, createPageServer, listen } from '../shared/http-server.ts';

const READINGS = 200_000;
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** Serves the page, and all readings of a weather station to whoever asks, on any free port. */
export async function start(): Promise<Example> {
  const http = await createPageServer(new URL('.', import.meta.url), {
    modules: { '/page.js': 'page.ts', '/worker.js': 'worker.ts' },
  });
  const wss = new WebSocketServer({ server: http, path: '/live', maxPayload: 32 * 1024 });
  const server = new ChunkServer({ maxBufferedBytes: MAX_BUFFERED_BYTES });
  server.attach(wss);
  const json = JSON.stringify(makeReadings());
  server.on('session', (session) => {
    session.on('message', () => session.send(json));
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

/** Warmer by day and in summer; one reading in 15 minutes. */
function makeReadings(): object[] {
  return Array.from({ length: READINGS }, (_, index) => {
    const day = index / 96;
    const celsius = 12 - 10 * Math.cos((2 * Math.PI * day) / 365) - 4 * Math.cos(2 * Math.PI * day);
    return {
      station: 'Zugspitze',
      takenAt: new Date(index * 900_000).toISOString(),
      celsius: Number(celsius.toFixed(2)),
    };
  });
}
