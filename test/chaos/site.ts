import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { ChunkServer } from '../../src/server.ts';
import type { ChunkServerOptions } from '../../src/server.ts';

/** A server of ours on a `ws` server. */
export class Site {
  readonly server: ChunkServer;
  readonly #wss: WebSocketServer;

  private constructor(server: ChunkServer, wss: WebSocketServer) {
    this.server = server;
    this.#wss = wss;
  }

  /** @param secretPayloadBytes - the `maxPayload` of the `ws` server, of which clients are not told */
  static async start(options: ChunkServerOptions, secretPayloadBytes?: number): Promise<Site> {
    const server = new ChunkServer(options);
    const wss = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      ...(secretPayloadBytes === undefined
        ? {}
        : { maxPayload: secretPayloadBytes, handleProtocols: server.handleProtocols }),
    });
    if (secretPayloadBytes === undefined) server.attach(wss);
    else {
      wss.on('connection', (socket, request) => {
        server.accept(socket, request);
      });
    }
    await once(wss, 'listening');
    return new Site(server, wss);
  }

  get port(): number {
    return (this.#wss.address() as AddressInfo).port;
  }

  /** Asks everybody to go to another one. */
  leave(deadlineMs: number): Promise<void> {
    return this.server.close({ deadlineMs });
  }

  async stop(): Promise<void> {
    for (const session of this.server.sessions) session.terminate();
    for (const socket of this.#wss.clients) socket.terminate();
    await new Promise((resolve) => {
      this.#wss.close(resolve);
    });
  }
}
