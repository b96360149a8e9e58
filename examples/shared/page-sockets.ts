import { ChunkWebSocket } from 'chunksocket/websocket';
import { show } from './page-elements.ts';

/** Watches the sockets that a library opens: a close would show that a cut was noticed above them. */
export class SocketWatch {
  readonly #sockets = new Set<WebSocket>();
  #closes = 0;

  /** Can be called again with the same one. */
  add(socket: WebSocket): void {
    if (!(socket instanceof ChunkWebSocket)) throw new TypeError('The library took another WebSocket.');
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.addEventListener('close', () => {
      this.#closes++;
      this.#show();
    });
    this.#show();
  }

  /** How many there were, and how many `close` events. */
  counts(): { sockets: number; closes: number } {
    return { sockets: this.#sockets.size, closes: this.#closes };
  }

  #show(): void {
    show('sockets', this.#sockets.size);
    show('closes', this.#closes);
  }
}
