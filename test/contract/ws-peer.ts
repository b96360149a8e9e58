import type { WebSocket } from 'ws';
import { Inbox } from '../support/inbox.ts';
import type { ContractPeer } from './transport-contract.ts';

/** The other end of the connection as a socket of `ws`, from whose first moment on it listens. */
export function peerOf(socket: WebSocket): ContractPeer {
  const inbox = new Inbox<Uint8Array>();
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    inbox.push(new Uint8Array(data as Buffer));
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  return {
    send: (bytes) => {
      socket.send(bytes);
    },
    sendText: (text) => {
      socket.send(text);
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
    cut: () => {
      socket.terminate();
    },
    pause: () => {
      socket.pause();
    },
    next: () => inbox.next(),
    countUnread: () => inbox.items.length,
    closed,
  };
}
