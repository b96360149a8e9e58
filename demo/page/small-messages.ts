import type { ChunkSocket as Socket } from 'chunksocket';
import { formatMs } from './format.ts';
import type { View } from './view.ts';

const CHANNEL = 'messages';

/** What a person types, there and back. */
export class SmallMessages {
  readonly #socket: Socket;
  /** Of those under way, oldest first: within a channel they come back in order. */
  readonly #sentAtMs: number[] = [];

  constructor(socket: Socket, view: View) {
    this.#socket = socket;
    socket.on('message', ({ channel, data }) => {
      const sentAtMs = this.#sentAtMs[0];
      if (channel !== CHANNEL || typeof data !== 'string' || sentAtMs === undefined) return;
      this.#sentAtMs.shift();
      view.log(`“${data}” came back after ${formatMs(performance.now() - sentAtMs)}`, 'good');
    });
  }

  send(text: string): void {
    this.#sentAtMs.push(performance.now());
    this.#socket.send(text, { channel: CHANNEL });
  }
}
