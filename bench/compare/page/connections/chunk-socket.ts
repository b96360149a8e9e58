import { ChunkSocket } from 'chunksocket';
import type { ChunkSocketOptions } from 'chunksocket';
import type { Connection } from './connection.ts';

/** Room for the longest text; all else as it is by default. */
export const OPTIONS: ChunkSocketOptions = { maxMessageBytes: 256 << 20, maxBufferedBytes: 256 << 20 };

/** A connection of ours, with what only it can do. */
export interface ChunkConnection extends Connection {
  readonly socket: ChunkSocket;
}

export async function openChunkSocket(url: string, options: ChunkSocketOptions = OPTIONS): Promise<ChunkConnection> {
  const socket = new ChunkSocket(url, options);
  const connection: ChunkConnection = {
    socket,
    send(data) {
      socket.send(data);
    },
    onMessage: () => undefined,
    close() {
      void socket.close();
    },
  };
  socket.on('message', ({ data }) => {
    connection.onMessage(data as ArrayBuffer | string);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => {
      resolve();
    });
    socket.once('close', ({ code, reason }) => {
      reject(new Error(`chunksocket was closed: ${code} ${reason}`));
    });
  });
  return connection;
}
