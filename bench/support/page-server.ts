import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { PageReport } from '../shared/page-report.ts';

const HTML = new URL('page.html', import.meta.url);

/** Takes what a page tells, and may answer it. */
export type OnReport = (report: PageReport) => unknown;

/** With these the page's clock has a resolution of 5 µs. */
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cache-Control': 'no-store',
  // A page may be asked for a profile of itself.
  'Document-Policy': 'js-profiling',
};

/** Serves the page and what it is to do, and hears what comes of it. */
export class PageServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param script - of the page, bundled
   * @param onReport - the page gets its answer when it is done
   */
  static async start(job: object, script: string, onReport: OnReport): Promise<PageServer> {
    const server = createServer((request, response) => {
      answer(request, response, job, script, onReport).catch((error: unknown) => {
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
  job: object,
  script: string,
  onReport: OnReport,
): Promise<void> {
  const send = (type: string, body: string | Buffer): void => {
    response.writeHead(200, { ...ISOLATED, 'Content-Type': `${type}; charset=utf-8` }).end(body);
  };
  switch (`${request.method ?? ''} ${request.url ?? ''}`) {
    case 'GET /':
      send('text/html', await readFile(HTML));
      break;
    case 'GET /page.js':
      send('text/javascript', script);
      break;
    case 'GET /job.json':
      send('application/json', JSON.stringify(job));
      break;
    case 'POST /reports':
      send('application/json', JSON.stringify((await onReport(JSON.parse(await text(request)) as PageReport)) ?? null));
      break;
    default:
      response.writeHead(404).end('Nothing here.\n');
  }
}
