import { ChunkSocket } from '../client/chunk-socket.ts';
import type { ChunkSocketOptions } from '../client/options.ts';
import { ClosedError } from '../errors/session-errors.ts';
import type { BinaryType } from '../runtime/events.ts';
import type { ServerSession } from '../server/server-session.ts';
import { TestServer } from './test-server.ts';
import type { TestServerOptions } from './test-server.ts';

/** How a {@link Pair} is made. */
export interface PairOptions<
  ClientType extends BinaryType = BinaryType,
  ServerType extends BinaryType = BinaryType,
> extends Omit<TestServerOptions<ServerType>, 'isPlain' | 'onPlain'> {
  /**
   * Options of the client. It comes back within 50 ms (`retryBaseMs` and `retryMaxMs` are 10) and remembers no limits,
   * unless they say otherwise. @defaultValue `{}`
   */
  readonly client?: Omit<ChunkSocketOptions<ClientType>, 'WebSocket' | 'mode' | 'fallback'> | undefined;
  /** What it connects to. @defaultValue `'wss://pair.test/'` */
  readonly url?: string | undefined;
}

/** A client and its session on the server, joined. */
export interface Pair<ClientType extends BinaryType = 'arraybuffer', ServerType extends BinaryType = 'uint8array'> {
  readonly socket: ChunkSocket<ClientType>;
  readonly session: ServerSession<ServerType>;
  /** With the switches for faults. */
  readonly server: TestServer<ServerType>;
  /** Ends both at once, without finishing what is under way. */
  readonly close: () => Promise<void>;
}

/**
 * Makes a real client and a real server that are joined without a network, and waits until the session is up.
 *
 * ```ts
 * const { socket, session, server, close } = await createPair();
 * session.on('message', ({ data }) => session.send(data));
 * await socket.send('hello').delivered;
 * server.disconnect(1014); // it comes back by itself
 * ```
 *
 * @throws OptionError for an option out of its range; otherwise (rejects) the error that the client closed with
 */
export async function createPair<
  ClientType extends BinaryType = 'arraybuffer',
  ServerType extends BinaryType = 'uint8array',
>({ client, url = 'wss://pair.test/', ...options }: PairOptions<ClientType, ServerType> = {}): Promise<
  Pair<ClientType, ServerType>
> {
  const server = new TestServer(options);
  const socket = new ChunkSocket<ClientType>(url, {
    retryBaseMs: 10,
    retryMaxMs: 10,
    rememberLimits: 'none',
    ...client,
    WebSocket: server.WebSocket,
  });
  const session = await new Promise<ServerSession<ServerType>>((resolve, reject) => {
    socket.once('open', () => {
      void server.nextSession().then(resolve);
    });
    socket.once('close', ({ code, reason, error }) => {
      reject(error ?? new ClosedError(code, reason));
    });
  });
  const close = async (): Promise<void> => {
    const closed = socket.close(1000, '', { drainMs: 0 });
    await server.close();
    await closed;
  };
  return { socket, session, server, close };
}
