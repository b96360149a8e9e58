import type { ChunkSocket } from 'chunksocket';
import { elementById } from '../page/elements.ts';
import { formatMs } from '../page/format.ts';
import type { EventLog } from './event-log.ts';

const CHANNEL = 'messages';

/** What a person types, there and back. */
export class SmallMessages {
  /** Of those under way, oldest first: within a channel they come back in order. */
  readonly #sentAtMs: number[] = [];

  constructor(socket: ChunkSocket, log: EventLog) {
    const words = elementById('words', HTMLInputElement);
    elementById('message', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sentAtMs.push(performance.now());
      socket.send(words.value, { channel: CHANNEL, priority: 'high' });
      words.value = '';
    });
    socket.on('message', ({ channel, data }) => {
      const sentAtMs = this.#sentAtMs[0];
      if (channel !== CHANNEL || typeof data !== 'string' || sentAtMs === undefined) return;
      this.#sentAtMs.shift();
      const nowMs = performance.now();
      log.add(nowMs, 'message', { text: `“${data}” came back after ${formatMs(nowMs - sentAtMs)}`, tone: 'good' });
    });
  }
}
