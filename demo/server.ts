import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ChunkServer } from 'chunksocket/server';
import { WebSocketServer } from 'ws';

/** Largest packet that the path takes, in bytes: Spring, SignalR and many gateways have limits like it. */
export const PATH_LIMIT_BYTES: number = 32 * 1024;
/** What clients are told instead: the server knows nothing of what stands between. */
export const ANNOUNCED_LIMIT_BYTES: number = 1024 * 1024;

const MAX_MESSAGE_BYTES = 512 * 1024 * 1024;

/** A whole message, as the application of the server got it. */
export interface ReceivedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The server application: takes files as messages and answers with what it got. */
export class DemoServer implements AsyncDisposable {
  readonly #wss: WebSocketServer;
  readonly #server: ChunkServer;

  private constructor(wss: WebSocketServer, server: ChunkServer) {
    this.#wss = wss;
    this.#server = server;
  }

  static async start(onFile: (file: ReceivedFile) => void): Promise<DemoServer> {
    const server = new ChunkServer({ maxPacketBytes: ANNOUNCED_LIMIT_BYTES, maxMessageBytes: MAX_MESSAGE_BYTES });
    const { handleProtocols } = server;
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: PATH_LIMIT_BYTES, handleProtocols });
    // Not `attach`, which would tell clients of `maxPayload`: here they have to find out.
    wss.on('connection', (socket, request) => server.accept(socket, request));
    server.on('session', (session) => {
      session.on('message', ({ data, meta }) => {
        const bytes = typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data);
        void hash(bytes).then((sha256) => {
          const file = { name: nameOf(meta), bytes: bytes.length, sha256 };
          session.send(JSON.stringify(file));
          onFile(file);
        });
      });
    });
    await once(wss, 'listening');
    return new DemoServer(wss, server);
  }

  get port(): number {
    return (this.#wss.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close({ deadlineMs: 0 });
    for (const socket of this.#wss.clients) socket.terminate();
    await new Promise((resolve) => {
      this.#wss.close(resolve);
    });
  }
}

/** In a thread of its own: the event loop has packets to acknowledge. */
async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

function nameOf(meta: unknown): string {
  return typeof meta === 'object' && meta !== null && 'name' in meta ? String(meta.name) : 'a message';
}
