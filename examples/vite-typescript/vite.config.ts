import type { Server } from 'node:http';
import { defineConfig } from 'vite';
import type { Plugin, PreviewServer, ViteDevServer } from 'vite';
import { serveChat } from './chat-server.ts';

/** Puts the chat onto Vite's own server, so that one command starts both. `POST /cut` cuts its connections. */
function chat(): Plugin {
  const serve = ({ httpServer, middlewares }: ViteDevServer | PreviewServer): void => {
    const { cut, close } = serveChat(httpServer as Server);
    httpServer?.once('close', () => void close());
    middlewares.use('/cut', (_request, response) => {
      cut();
      response.writeHead(204).end();
    });
  };
  return { name: 'chat', configureServer: serve, configurePreviewServer: serve };
}

export default defineConfig({ plugins: [chat()] });
