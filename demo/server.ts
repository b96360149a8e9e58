import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { ChunkServer } from 'chunksocket/server';
import type { ServerIncoming, ServerSession } from 'chunksocket/server';
import { WebSocketServer } from 'ws';
import type { ServerAnswer } from './page/server-answer.ts';

/** Largest packet that the path takes, in bytes: Spring, SignalR and many gateways have limits like it. */
export const PATH_LIMIT_BYTES: number = 32 * 1024;
/** What clients are told instead: the server knows nothing of what stands between. */
export const ANNOUNCED_LIMIT_BYTES: number = 1024 * 1024;

/** Largest message that is taken in one piece. Files are larger, and never in memory as a whole. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Who hears of the files that come in. */
export interface FileListener {
  /** A file was read to its end. */
  onFile(file: ServerAnswer): void;
  /** The rest of a file will not come. */
  onBrokenFile(name: string, error: unknown): void;
}

/** The server application: reads files as they come and answers with what they were, and echoes all else. */
export class DemoServer implements AsyncDisposable {
  readonly #wss: WebSocketServer;
  readonly #server: ChunkServer;

  private constructor(wss: WebSocketServer, server: ChunkServer) {
    this.#wss = wss;
    this.#server = server;
  }

  /** @param maxPayload - of its connections, in bytes; clients are told more */
  static async start(listener: FileListener, maxPayload: number = PATH_LIMIT_BYTES): Promise<DemoServer> {
    const server = new ChunkServer({ maxPacketBytes: ANNOUNCED_LIMIT_BYTES, maxMessageBytes: MAX_MESSAGE_BYTES });
    const { handleProtocols } = server;
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload, handleProtocols });
    // Not `attach`, which would tell clients of `maxPayload`: here they have to find out.
    wss.on('connection', (socket, request) => server.accept(socket, request));
    server.on('session', (session) => {
      session.on('incoming', (incoming) => {
        // What is not taken here goes to the listeners of `message`.
        if (incoming.channel.startsWith('uploads')) void takeFile(session, incoming, listener);
      });
      session.on('message', ({ data, channel }) => {
        session.send(data, { channel });
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

async function takeFile(session: ServerSession, incoming: ServerIncoming, listener: FileListener): Promise<void> {
  const name = nameOf(incoming.meta);
  const hash = createHash('sha256');
  try {
    await pipeline(incoming.readable(), hash);
  } catch (error) {
    listener.onBrokenFile(name, error);
    return;
  }
  const answer: ServerAnswer = { name, bytes: incoming.receivedBytes, sha256: hash.digest('hex') };
  session.send(JSON.stringify(answer), { channel: 'results' });
  listener.onFile(answer);
}

function nameOf(meta: unknown): string {
  return typeof meta === 'object' && meta !== null && 'name' in meta ? String(meta.name) : 'a file';
}
