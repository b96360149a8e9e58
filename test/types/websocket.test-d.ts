// Checked by the compiler alone: what must be accepted, and what must not.
import { ChunkWebSocket } from '../../src/websocket.ts';
import type { ChunkWebSocketConstructor, ChunkWebSocketOptions } from '../../src/websocket.ts';

/** A library that takes the platform's class, or one like it. */
function library(webSocketImpl: typeof WebSocket, url: string): WebSocket {
  return new webSocketImpl(url, ['a', 'b']);
}

export const sockets: WebSocket[] = [
  new ChunkWebSocket('wss://example.com'),
  new ChunkWebSocket(new URL('wss://example.com'), 'graphql-transport-ws'),
  library(ChunkWebSocket, 'wss://example.com'),
  library(ChunkWebSocket.with({ auth: 'secret', fallback: 'plain' }), 'wss://example.com'),
];

export function usesAll(socket: ChunkWebSocket): void {
  socket.onmessage = ({ data }: MessageEvent<string>) => {
    socket.send(data);
  };
  socket.addEventListener(
    'close',
    ({ code, wasClean }) => {
      console.log(code.toFixed(), wasClean);
    },
    { once: true },
  );
  socket.binaryType = 'arraybuffer';
  socket.send(new Blob([]));
  socket.close(3000, 'bye');
  // @ts-expect-error -- the standard knows no such type
  socket.binaryType = 'uint8array';
  // @ts-expect-error -- what the standard leaves to conversion is a mistake in TypeScript
  socket.send(1);
}

export const bound: ChunkWebSocketConstructor = ChunkWebSocket.with({} satisfies ChunkWebSocketOptions);
// @ts-expect-error -- subprotocols are an argument of the constructor
export const wrong: ChunkWebSocketConstructor = ChunkWebSocket.with({ protocols: ['a'] });
