import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import type * as ServerEntry from '../../src/server.ts';
import { Inbox } from '../support/inbox.ts';

/** What a page tells of itself. */
export interface PageReport {
  readonly page: string;
  readonly isSame?: boolean;
  readonly error?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** As strict as it can be for a page that opens a WebSocket: no inline script, and above all no `eval`. */
const POLICY =
  "default-src 'none'; script-src 'self'; worker-src 'self'; frame-src 'self'; connect-src 'self' ws://127.0.0.1:*";

/** Serves the files of a folder, takes the reports of its pages, and echoes what they send. */
export class Site implements AsyncDisposable {
  readonly reports = new Inbox<PageReport>();
  readonly #http: Server;
  readonly #wss: WebSocketServer;

  private constructor(folder: string, serverFile: typeof ServerEntry) {
    this.#http = createServer((request, response) => {
      void this.#serve(folder, request, response);
    });
    this.#wss = new WebSocketServer({ server: this.#http });
    const server = new serverFile.ChunkServer();
    server.attach(this.#wss);
    server.on('session', (session) => session.on('message', ({ data }) => session.send(data)));
  }

  /** @param serverFile - the module `chunksocket/server` that answers */
  static async start(folder: string, serverFile: string): Promise<Site> {
    const site = new Site(folder, (await import(pathToFileURL(serverFile).href)) as typeof ServerEntry);
    site.#http.listen(0, '127.0.0.1');
    await once(site.#http, 'listening');
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#wss.clients) socket.terminate();
    this.#wss.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #serve(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url);
    if (request.method === 'POST') {
      this.reports.push(JSON.parse(await text(request)) as PageReport);
      response.writeHead(204).end();
      return;
    }
    try {
      const body = await readFile(join(folder, pathname));
      const type = TYPES[extname(pathname)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}
