import { ChunkWebSocket } from 'chunksocket/websocket';
import { WebSocket as PartySocket } from 'partysocket';
import { OPTIONS } from './chunk-socket.ts';
import type { Connection } from './connection.ts';

const CLASSES: Readonly<Record<'raw' | 'partysocket' | 'drop-in', typeof WebSocket>> = {
  raw: WebSocket,
  partysocket: PartySocket as unknown as typeof WebSocket,
  'drop-in': ChunkWebSocket.with(OPTIONS),
};

/** Whatever has the interface of the browser's WebSocket. */
export async function openWebSocket(name: keyof typeof CLASSES, url: string): Promise<Connection> {
  const socket = new CLASSES[name](url);
  socket.binaryType = 'arraybuffer';
  const connection: Connection = {
    send(data) {
      socket.send(data);
    },
    onMessage: () => undefined,
    close() {
      socket.close();
    },
  };
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    connection.onMessage(data);
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => {
      resolve();
    };
    socket.onclose = ({ code, reason }) => {
      reject(new Error(`${name} was closed: ${code} ${reason}`));
    };
  });
  return connection;
}
