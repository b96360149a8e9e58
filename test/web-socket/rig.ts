import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { ClassName, Result } from './page/harness.ts';
import { Commands } from './server/commands.ts';
import { acceptPlain, acceptSessions } from './server/peers.ts';
import type { Acceptor } from './server/peers.ts';

const FAULTY_SERVERS = 32;

/** The page is let have SharedArrayBuffer. */
const PAGE_HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
};

/** The page with the tests, the servers that they talk to, and what they tell. */
export class WebSocketRig {
  readonly #className: ClassName;
  readonly #script: string;
  readonly #commands = new Commands();
  readonly #acceptor: Acceptor;
  /**
   * The first serves the page, and connections that come to no harm. The others serve those that fail: browsers slow
   * down connections to where others failed.
   */
  readonly #servers: readonly Server[];
  /** The HTTP server knows nothing of these any more. */
  readonly #upgraded = new Set<Duplex>();
  readonly #results: Promise<readonly Result[]>;
  #setResults: (results: readonly Result[]) => void = () => undefined;

  private constructor(className: ClassName, script: string) {
    this.#className = className;
    this.#script = script;
    this.#acceptor = className === 'session' ? acceptSessions(this.#commands) : acceptPlain(this.#commands);
    this.#servers = Array.from({ length: 1 + FAULTY_SERVERS }, () => this.#createServer());
    this.#results = new Promise((resolve) => {
      this.#setResults = resolve;
    });
  }

  /** For one run of the page, with that class. */
  static async start(className: ClassName): Promise<WebSocketRig> {
    const rig = new WebSocketRig(className, await bundlePage());
    for (const server of rig.#servers) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return rig;
  }

  /** Where the page is. */
  async pageUrl(): Promise<string> {
    const [main, ...faulty] = this.#servers.map((server) => String(portOf(server)));
    const query = new URLSearchParams({ class: this.#className, dead: String(await deadPort()) });
    for (const port of faulty) query.append('faulty', port);
    return `http://127.0.0.1:${main ?? ''}/folder/page.html?${query}`;
  }

  /** What the page tells when it is through. */
  get results(): Promise<readonly Result[]> {
    return this.#results;
  }

  async stop(): Promise<void> {
    await this.#acceptor.stop();
    for (const socket of this.#upgraded) socket.destroy();
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #createServer(): Server {
    const server = createServer((request, response) => {
      void this.#answer(request, response);
    });
    server.on('upgrade', (request, socket, head) => {
      // A browser may go at any time.
      socket.on('error', () => undefined);
      this.#upgraded.add(socket);
      if (request.url?.startsWith('/hold') === true) return;
      if (request.url?.startsWith('/404') === true) socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      else this.#acceptor.upgrade(request, socket, head);
    });
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (pathname === '/page.js') {
      response.setHeader('content-type', 'text/javascript; charset=utf-8');
      response.end(this.#script);
    } else if (pathname === '/results') {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      response.end();
      this.#setResults(JSON.parse(Buffer.concat(parts).toString()) as Result[]);
    } else if (pathname === '/drop') {
      this.#commands.drop(searchParams.get('name') ?? '');
      response.end();
    } else {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!doctype html><meta charset="utf-8"><title>WebSocket</title><script src="/page.js"></script>');
    }
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    // The package says that its modules do nothing when they are imported; these define tests.
    ignoreAnnotations: true,
  });
  return outputFiles[0]?.text ?? '';
}
