import type { ChunkSocket } from 'chunksocket';

const CHANNEL = 'pings';
const EVERY_MS = 250;

/** Sends a small message now and then, which the server sends back, and takes the time: does it wait for big ones? */
export class Pinger {
  /** Of the last one that came back, in ms. */
  lastMs: number | undefined;
  #sentAtMs: number | undefined;

  /** @param onTime - told of each time taken, in ms */
  constructor(socket: ChunkSocket, onTime: (ms: number) => void) {
    socket.on('message', ({ channel }) => {
      if (channel !== CHANNEL || this.#sentAtMs === undefined) return;
      this.lastMs = performance.now() - this.#sentAtMs;
      this.#sentAtMs = undefined;
      onTime(this.lastMs);
    });
    setInterval(() => {
      if (socket.status !== 'open' || this.#sentAtMs !== undefined) return;
      this.#sentAtMs = performance.now();
      socket.send('ping', { channel: CHANNEL, priority: 'high' });
    }, EVERY_MS);
  }
}
