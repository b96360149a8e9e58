import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkServer, ChunkSocketError } from 'chunksocket/server';
import type { ServerIncoming, ServerSession } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import type { Example } from '../shared/example.ts';
import { close, createPageServer, listen } from '../shared/http-server.ts';
import { Gate } from './disk/gate.ts';
import { saveFile } from './disk/save-file.ts';
import { CONTROL_CHANNEL, UPLOAD_CHANNEL } from './words.ts';
import type { Answer, Command } from './words.ts';

const MAX_FILE_BYTES = 2 * 1024 ** 3;
/** Of all that is no file. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** Serves the page, and takes its files into a new folder, on any free port. */
export async function start(): Promise<Example> {
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-uploads-'));
  const http = await createPageServer(new URL('.', import.meta.url), {
    modules: { '/page.js': 'page.ts', '/hash-worker.js': 'hash-worker.ts' },
  });
  const wss = new WebSocketServer({ server: http, path: '/live', maxPayload: 32 * 1024 });
  const server = new ChunkServer({ maxStreamBytes: MAX_FILE_BYTES, maxMessageBytes: MAX_MESSAGE_BYTES });
  server.attach(wss);
  const saving = new Set<Promise<void>>();
  server.on('session', (session) => {
    const gates = new Map<string, Gate>();
    session.on('incoming', (incoming) => {
      if (!incoming.channel.startsWith(UPLOAD_CHANNEL)) return; // to `message`
      const work = takeFile(session, incoming, folder, gates).finally(() => saving.delete(work));
      saving.add(work);
    });
    session.on('message', ({ channel, data }) => {
      if (channel !== CONTROL_CHANNEL || typeof data !== 'string') return;
      const { kind, id } = JSON.parse(data) as Command;
      if (kind === 'pause') gates.get(id)?.shut();
      else gates.get(id)?.open();
    });
    session.on('close', () => {
      // Only who reads on hears that the rest will not come.
      for (const gate of gates.values()) gate.open();
    });
  });
  return {
    port: await listen(http),
    note: `The files go to ${folder}`,
    async close() {
      await server.close({ deadlineMs: 0 });
      await Promise.all(saving);
      wss.close();
      await close(http);
    },
  };
}

/** Saves one file, and tells the page what became of it. */
async function takeFile(
  session: ServerSession,
  incoming: ServerIncoming,
  folder: string,
  gates: Map<string, Gate>,
): Promise<void> {
  const id = incoming.channel.slice(UPLOAD_CHANNEL.length);
  const gate = new Gate();
  gates.set(id, gate);
  const answer = await saveFile(incoming, folder, gate).then(
    (saved): Answer => ({ kind: 'saved', id, ...saved }),
    (error: unknown): Answer => {
      // What the disk says is not for strangers. That the rest does not come is no news to whoever sent it.
      if (!(error instanceof ChunkSocketError)) console.error(error);
      return { kind: 'failed', id, message: 'The server could not save it.' };
    },
  );
  gates.delete(id);
  // Without effect when the session is over.
  session.send(JSON.stringify(answer), { channel: CONTROL_CHANNEL });
}
