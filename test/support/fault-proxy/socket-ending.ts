import type { Socket } from 'node:net';

import type { CutKind } from './direction.ts';

/** Resets a connection once everything written to it is with the kernel; a reset throws away the rest. */
export function resetWhenFlushed(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writableLength === 0 || !socket.writable) {
    resetNow(socket);
    return;
  }
  socket.write('', () => {
    resetNow(socket);
  });
}

/** A socket that is just being shut down cannot be reset, and would never say that it is closed. */
function resetNow(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Cuts a connection without a word: by a reset (at once, or behind what was written), or by a FIN. After a FIN the socket is
 * still read, and what comes is thrown away: a connection closed with unread data would be reset by the kernel.
 */
export function cutSocket(socket: Socket, how: CutKind, isFlushedFirst = false): void {
  if (socket.pending) {
    socket.destroy();
  } else if (how === 'rst') {
    if (isFlushedFirst) resetWhenFlushed(socket);
    else resetNow(socket);
  } else {
    socket.end();
    drainSocket(socket);
  }
}

/** Reads and throws away whatever still comes. */
export function drainSocket(socket: Socket): void {
  if (socket.listenerCount('data') === 0) socket.on('data', () => undefined);
  socket.resume();
}

/** Resolves when a socket is gone, for whatever reason. */
export function socketClosed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}
