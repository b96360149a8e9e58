import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { PageReport } from './page/page-report.ts';
import type { PageSettings } from './page/page-settings.ts';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const FILES: Readonly<Record<string, readonly [type: string, path: string]>> = {
  '/': ['text/html; charset=utf-8', pathOf('page/index.html')],
  '/style.css': ['text/css; charset=utf-8', pathOf('page/style.css')],
  '/chunksocket.js': ['text/javascript; charset=utf-8', pathOf('../dist/chunksocket.iife.min.js')],
};

/** What the page server serves, and whom it tells. */
export interface PageServerOptions {
  readonly settings: PageSettings;
  /** The file that the page can send. */
  readonly filePath: string;
  readonly onReport: (report: PageReport) => void;
  /** @returns false for a fault of which nothing is known */
  readonly onFault: (name: string) => boolean;
}

/** Serves the demo's page, and hears what happens in it. */
export class PageServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(options: PageServerOptions): Promise<PageServer> {
    const script = await bundlePage();
    const server = createServer((request, response) => {
      answer(request, response, options, script).catch((error: unknown) => {
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { settings, filePath, onReport, onFault }: PageServerOptions,
  script: string,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const file = FILES[path];
  if (request.method === 'POST' && path === '/reports') {
    for (const report of JSON.parse(await text(request)) as PageReport[]) onReport(report);
    response.writeHead(204).end();
  } else if (request.method === 'POST' && path.startsWith('/faults/')) {
    response.writeHead(onFault(path.slice('/faults/'.length)) ? 204 : 404).end();
  } else if (file !== undefined) {
    await sendFile(response, file[1], file[0]);
  } else if (path === '/file') {
    await sendFile(response, filePath, 'application/octet-stream', settings.file.bytes);
  } else if (path === '/page.js') {
    response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(script);
  } else if (path === '/settings.json') {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(settings));
  } else {
    response.writeHead(404).end('Nothing here.\n');
  }
}

async function sendFile(response: ServerResponse, path: string, type: string, bytes?: number): Promise<void> {
  const length = bytes === undefined ? {} : { 'Content-Length': bytes };
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store', ...length });
  await pipeline(createReadStream(path), response);
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [pathOf('page/main.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
