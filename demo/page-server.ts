import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Answers one kind of request. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** By method and path: `POST /reports`. */
export type Routes = Readonly<Record<string, Route>>;

/** Serves a page of the demo on the loopback, to pages from there alone. */
export class PageServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(routes: Routes): Promise<PageServer> {
    const server = createServer((request, response) => {
      answer(request, response, routes).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** Always the same. */
export function textRoute(type: string, content: string): Route {
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(content);
  };
}

/** A file, read anew for each request. */
export function fileRoute(type: string, path: string, bytes?: number): Route {
  const length = bytes === undefined ? {} : { 'Content-Length': bytes };
  return async (_, response) => {
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store', ...length });
    await pipeline(createReadStream(path), response);
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const { method = '', url = '/', headers } = request;
  const { host = '', origin } = headers;
  const { pathname } = new URL(url, 'http://localhost');
  const route = routes[`${method} ${pathname}`];
  // A page from elsewhere may neither read nor break anything here, whatever name it has for the loopback.
  const isForeign =
    !/^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(host) || (origin ?? `http://${host}`) !== `http://${host}`;
  if (isForeign) response.writeHead(403).end('Only for pages of the demo.\n');
  else if (route === undefined) response.writeHead(404).end('Nothing here.\n');
  else await route(request, response);
}
