import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { WebSocketServer } from 'ws';
import { ChunkServer } from '../../src/server.ts';
import type { Incoming } from '../../src/server.ts';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { bytesOf, dataOf } from './cases.ts';
import type { Case } from './cases.ts';
import { takeIncoming } from './take.ts';

/** What the server got. */
export interface Report {
  readonly isText: boolean;
  readonly byteLength: number;
  readonly isIntact: boolean;
}

interface Cut {
  readonly direction: 'toServer' | 'toClient';
  readonly afterBytes: number;
}

/** A server that takes and sends the messages of the cases, behind a proxy, and the page that does the same. */
export class EngineRig {
  readonly proxy: FaultProxy;
  readonly #http: Server;
  readonly #wss: WebSocketServer;
  /** The next connection is cut when so many bytes were handed on. */
  #cut: Cut | undefined;

  private constructor(http: Server, wss: WebSocketServer, proxy: FaultProxy) {
    this.#http = http;
    this.#wss = wss;
    this.proxy = proxy;
  }

  /** @param maxPacketBytes - the largest packet that either side sends */
  static async start(maxPacketBytes: number): Promise<EngineRig> {
    const script = await bundlePage();
    const http = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
      response.end(isScript ? script : '<!doctype html><title>engine</title><script src="/page.js"></script>');
    });
    const server = new ChunkServer({ maxPacketBytes });
    server.on('session', (session) => {
      session.on('incoming', async (incoming) => {
        if (incoming.channel === 'up') session.send(JSON.stringify(await receive(incoming)));
        if (incoming.channel === 'big') session.send(JSON.stringify(await receiveBig(incoming)));
        if (incoming.channel !== 'ask') return;
        const tested = JSON.parse(await incoming.text()) as Case;
        session.send(dataOf(tested), { channel: 'down', transfer: tested.source === 'transferred' });
      });
    });
    const wss = new WebSocketServer({ server: http });
    server.attach(wss);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const rig: { current?: EngineRig } = {};
    const proxy = await FaultProxy.start({
      targetPort: (http.address() as AddressInfo).port,
      lingerMs: 1000,
      onConnection: (connection) => {
        const cut = rig.current?.takeCut();
        if (cut !== undefined) connection.cutAfterBytes(cut.direction, cut.afterBytes, 'rst');
      },
    });
    rig.current = new EngineRig(http, wss, proxy);
    return rig.current;
  }

  /** For the page itself: it is no matter of the faults. */
  get pageUrl(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  get socketUrl(): string {
    return this.proxy.url;
  }

  /** Cuts the next connection when so many bytes were handed on. */
  cutNext(direction: Cut['direction'], afterBytes: number): void {
    this.#cut = { direction, afterBytes };
  }

  takeCut(): Cut | undefined {
    const cut = this.#cut;
    this.#cut = undefined;
    return cut;
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    for (const socket of this.#wss.clients) socket.terminate();
    this.#wss.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

async function receive(incoming: Incoming): Promise<Report> {
  const tested = incoming.meta as Case;
  const { isText, bytes } = await takeIncoming(incoming, tested.take);
  return { isText, byteLength: bytes.length, isIntact: Buffer.compare(bytes, bytesOf(tested)) === 0 };
}

/** A message too big to be kept: the same MiB over and over. */
async function receiveBig(incoming: Incoming): Promise<Report> {
  const { isText } = incoming;
  const pattern = patternBytes(1024 * 1024);
  let byteLength = 0;
  let isIntact = true;
  for await (const chunk of incoming.stream()) {
    for (let at = 0; at < chunk.length;) {
      const from = (byteLength + at) % pattern.length;
      const part = chunk.subarray(at, at + pattern.length - from);
      isIntact &&= Buffer.compare(part, pattern.subarray(from, from + part.length)) === 0;
      at += part.length;
    }
    byteLength += chunk.length;
  }
  return { isText, byteLength, isIntact };
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
