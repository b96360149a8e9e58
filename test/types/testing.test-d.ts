// Checked by the compiler alone: what must be accepted, and what must not.
import { ChunkSocket } from '../../src/index.ts';
import type { WebSocketConstructor } from '../../src/index.ts';
import { ChunkServer } from '../../src/server.ts';
import type { ServerSession } from '../../src/server.ts';
import { createPair, TestServer } from '../../src/testing.ts';
import type { Pair, TestConnection } from '../../src/testing.ts';
import { ChunkWebSocket } from '../../src/websocket.ts';

/** `true` only where each is the other, and neither is `any`. */
type Same<A, B> = 0 extends (1 & A) | (1 & B) ? false : [A, B] extends [B, A] ? true : false;

export const checks: [
  Same<Awaited<ReturnType<typeof createPair>>, Pair>,
  Same<Pair['socket'], ChunkSocket>,
  Same<Pair['session'], ServerSession<'uint8array'>>,
  Same<TestServer['connections'], readonly TestConnection[]>,
] = [true, true, true, true];

export async function accepted(): Promise<void> {
  const server = new TestServer();
  const constructor: WebSocketConstructor = server.WebSocket;
  new ChunkSocket('wss://app.test', { WebSocket: constructor });
  ChunkWebSocket.with({ WebSocket: server.WebSocket });
  globalThis.WebSocket = server.WebSocket;

  // What binary messages look like follows from the options of either side.
  const { socket, session } = await createPair({
    client: { binaryType: 'blob' },
    server: new ChunkServer({ binaryType: 'arraybuffer' }),
  });
  socket.on('message', ({ data }) => (typeof data === 'string' ? data : (data satisfies Blob)));
  session.on('message', ({ data }) => (typeof data === 'string' ? data : (data satisfies ArrayBuffer)));

  new TestServer({
    onPlain: (plain) =>
      plain.on('message', (data, isBinary) => {
        plain.send(data, { binary: isBinary });
      }),
  });
}

export async function refused(): Promise<void> {
  // @ts-expect-error -- it has one of its own
  await createPair({ client: { WebSocket: globalThis.WebSocket } });
  // @ts-expect-error -- no such option
  new TestServer({ latency: 10 });
  // @ts-expect-error -- a code, not a name
  new TestServer().disconnect('1014');
  // @ts-expect-error -- it tells what is there, and takes nothing
  new TestServer().connections = [];
}
