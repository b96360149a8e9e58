import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { Example } from '../shared/example.ts';
import { close, createFolderServer, listen } from '../shared/http-server.ts';
import { serveChat } from './chat-server.ts';

/** Builds the app as for production, and serves it with the chat, on any free port. */
export async function start(): Promise<Example> {
  const outDir = await mkdtemp(join(tmpdir(), 'chunksocket-vite-'));
  await build({
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
  });
  const http = await createFolderServer(outDir);
  const chat = serveChat(http);
  return {
    port: await listen(http),
    async close() {
      await chat.close();
      await close(http);
      await rm(outDir, { recursive: true });
    },
  };
}
