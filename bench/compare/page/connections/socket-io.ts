import { io } from 'socket.io-client';
import type { Connection } from './connection.ts';

/** Socket.IO over WebSocket from the start: its polling would cost it more. */
export async function openSocketIo(url: string): Promise<Connection> {
  const socket = io(url.replace('ws:', 'http:'), { transports: ['websocket'], forceNew: true });
  const connection: Connection = {
    send(data) {
      socket.emit('message', data);
    },
    onMessage: () => undefined,
    close() {
      socket.disconnect();
    },
  };
  socket.on('message', (data: ArrayBuffer | string) => {
    connection.onMessage(data);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return connection;
}
