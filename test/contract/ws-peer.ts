import type { WebSocket } from 'ws';
import type { WsSocket } from '../../src/server/ws-transport.ts';
import { Inbox } from '../support/inbox.ts';
import type { ContractPeer } from './transport-contract.ts';

/** As much of a socket of `ws` as the other end needs. */
interface PeerSocket extends Omit<WsSocket, 'send'> {
  send(data: string | Uint8Array): void;
}

/** The other end of the connection as a socket of `ws`. */
export function wsPeerOf(socket: WebSocket): ContractPeer {
  return peerOf(socket, () => {
    socket.pause();
  });
}

/**
 * The other end of the connection as a socket like those of `ws`, from whose first moment on it listens.
 *
 * @param pause - stops reading
 */
export function peerOf(socket: PeerSocket, pause: () => void): ContractPeer {
  const inbox = new Inbox<Uint8Array>();
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    inbox.push(new Uint8Array(data as Uint8Array));
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
    pause,
    next: () => inbox.next(),
    countUnread: () => inbox.items.length,
    closed,
  };
}
