import type { Server } from 'node:http';
import { ChunkServer } from 'chunksocket/server';
import { WebSocketServer } from 'ws';

const PATH = '/chat';
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const MAX_AUTHOR_CHARACTERS = 30;

/** A chat that is being served. */
export interface ChatService {
  /** Cuts all connections, with no word to anybody. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

/** Serves a chat on an HTTP server that may have other WebSockets, too. */
export function serveChat(http: Server): ChatService {
  const wss = new WebSocketServer({ noServer: true, maxPayload: 32 * 1024 });
  const server = new ChunkServer({ maxMessageBytes: MAX_MESSAGE_BYTES });
  server.attach(wss);
  server.on('session', (session) => {
    session.on('message', ({ data, meta }) => {
      const { author } = (meta ?? {}) as { author?: unknown };
      const name = typeof author === 'string' ? author.slice(0, MAX_AUTHOR_CHARACTERS) : 'somebody';
      // Everybody gets it at their own pace, whoever wrote it as well.
      server.broadcast(data, { meta: { author: name } });
    });
  });
  http.on('upgrade', (request, socket, head) => {
    // Others may be those of Vite's hot reloading.
    if (request.url?.split('?', 1)[0] !== PATH) return;
    wss.handleUpgrade(request, socket, head, (connection) => wss.emit('connection', connection, request));
  });
  return {
    cut() {
      for (const connection of wss.clients) connection.terminate();
    },
    async close() {
      await server.close({ deadlineMs: 0 });
      wss.close();
    },
  };
}
