import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Reply, Request } from './page/control.ts';

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Serves the page, and asks it for things. */
export class PageLink {
  /** What must not happen in a page: errors, and rejections that nobody handles. */
  readonly pageErrors: string[] = [];
  readonly #http: Server;
  readonly #wss: WebSocketServer;
  readonly #connected: Promise<WebSocket>;
  readonly #calls = new Map<number, Call>();
  #lastId = 0;

  private constructor(http: Server) {
    this.#http = http;
    this.#wss = new WebSocketServer({ server: http, path: '/control' });
    this.#connected = new Promise((resolve) => {
      this.#wss.once('connection', (socket) => {
        socket.on('message', (data: Buffer) => {
          this.#handle(JSON.parse(data.toString()) as Reply);
        });
        socket.on('close', () => {
          for (const { reject } of this.#calls.values()) reject(new Error('The page is gone.'));
          this.#calls.clear();
        });
        resolve(socket);
      });
    });
  }

  static async start(): Promise<PageLink> {
    const script = await bundlePage();
    const http = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
      response.end(isScript ? script : '<!doctype html><title>chaos</title><script src="/page.js"></script>');
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new PageLink(http);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  /** Runs a command in the page, and returns what it returns. */
  async call<T>(name: string, args: object = {}): Promise<T> {
    const socket = await this.#connected;
    const id = ++this.#lastId;
    const request: Request = { id, name, args };
    return new Promise<T>((resolve, reject) => {
      this.#calls.set(id, { resolve: resolve as (value: unknown) => void, reject });
      socket.send(JSON.stringify(request));
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#wss.clients) socket.terminate();
    this.#wss.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #handle(reply: Reply): void {
    if ('pageError' in reply) {
      this.pageErrors.push(reply.pageError);
      return;
    }
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if ('error' in reply) call?.reject(new Error(`In the page: ${reply.error}`));
    else call?.resolve(reply.value);
  }
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  });
  return outputFiles[0]?.text ?? '';
}
