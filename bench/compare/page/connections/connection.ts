import type { Contender } from '../../shared/contender.ts';
import { openChunkSocket } from './chunk-socket.ts';
import { openSocketIo } from './socket-io.ts';
import { openWebSocket } from './web-socket.ts';

/** What the rows need of a connection, whoever makes it. */
export interface Connection {
  send(data: ArrayBuffer | Blob | string): void;
  /** Called with each message that comes. */
  onMessage: (data: ArrayBuffer | string) => void;
  close(): void;
}

/** Opens a connection to the server, and waits until it is up. */
export function open(contender: Contender, url: string): Promise<Connection> {
  switch (contender) {
    case 'chunksocket':
      return openChunkSocket(url);
    case 'socket.io':
      return openSocketIo(url);
    case 'drop-in':
    case 'partysocket':
    case 'raw':
      return openWebSocket(contender, url);
  }
}
