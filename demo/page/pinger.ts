import type { ChunkSocket as Socket } from 'chunksocket';
import type { PingSeries } from './ping-series.ts';

const CHANNEL = 'pings';
const PING_BYTES = 100;
const EVERY_MS = 25;

/** Sends a small message again and again, which the server sends back, and takes the time. */
export class Pinger {
  readonly #socket: Socket;
  readonly #underWay = new Map<number, { readonly sentAtMs: number; readonly series: PingSeries }>();
  #lastId = 0;

  /** @param chooseSeries - asked where the time of the next ping goes; nowhere: then it is not sent */
  constructor(socket: Socket, chooseSeries: () => PingSeries | undefined) {
    this.#socket = socket;
    socket.on('message', ({ channel, data }) => {
      if (channel === CHANNEL) this.#cameBack(Number(data));
    });
    socket.on('retry', () => {
      for (const { series } of this.#underWay.values()) series.leftOut++;
      this.#underWay.clear();
    });
    setInterval(() => {
      if (socket.status === 'open') this.#send(chooseSeries());
    }, EVERY_MS);
  }

  /** Fulfilled when what is under way now has come back, or is left out. */
  async settled(): Promise<void> {
    const ids = [...this.#underWay.keys()];
    while (ids.some((id) => this.#underWay.has(id))) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }

  #send(series: PingSeries | undefined): void {
    if (series === undefined) return;
    const id = ++this.#lastId;
    this.#underWay.set(id, { sentAtMs: performance.now(), series });
    this.#socket.send(String(id).padEnd(PING_BYTES), { channel: CHANNEL });
  }

  #cameBack(id: number): void {
    const ping = this.#underWay.get(id);
    if (ping === undefined) return;
    this.#underWay.delete(id);
    ping.series.add(performance.now() - ping.sentAtMs);
  }
}
