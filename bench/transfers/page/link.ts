import { ChunkSocket } from 'chunksocket';
import { Channel } from '../shared/control.ts';
import type { ControlMessage } from '../shared/control.ts';
import { Pinger } from '../../shared/pinger.ts';
import type { RoundTrips } from '../shared/outcomes.ts';

type Answer = ControlMessage & { kind: 'stored' | 'pings' };

/** The page's end of the connection with the bench's server. */
export class Link {
  readonly socket: ChunkSocket;
  /** Rejects when the socket is closed: nothing here does that. */
  readonly closed: Promise<never>;
  retries = 0;
  #pinger: Pinger | undefined;
  readonly #waiting = new Map<Answer['kind'], (answer: Answer) => void>();
  #onDownload: ((stream: ReadableStream<Uint8Array>) => void) | undefined;

  constructor(url: string) {
    this.socket = new ChunkSocket(url);
    this.closed = new Promise((_, reject) => {
      this.socket.on('close', ({ code, reason, error }) => {
        reject(error ?? new Error(`The socket was closed: ${code} ${reason}`));
      });
    });
    this.closed.catch(() => undefined);
    this.socket.on('retry', () => {
      this.retries++;
    });
    this.socket.on('incoming', (incoming) => {
      if (incoming.channel === Channel.downloads) this.#onDownload?.(incoming.stream());
    });
    this.socket.on('message', ({ data, channel }) => {
      if (channel === Channel.serverPings) this.socket.send(data, { channel, priority: 'high' });
      else if (channel === Channel.pagePings && typeof data !== 'string') this.#pinger?.answered(data);
      else if (typeof data === 'string') this.#answered(JSON.parse(data) as Answer);
    });
  }

  async opened(): Promise<void> {
    if (this.socket.status === 'open') return;
    await this.#orClosed(new Promise((resolve) => this.socket.once('open', resolve)));
  }

  tell(message: ControlMessage): void {
    this.socket.send(JSON.stringify(message), { channel: Channel.control });
  }

  /** The next answer of a kind. */
  answer<Kind extends Answer['kind']>(kind: Kind): Promise<Answer & { kind: Kind }> {
    return this.#orClosed(
      new Promise((resolve) => {
        this.#waiting.set(kind, resolve as (answer: Answer) => void);
      }),
    );
  }

  /** The next big message from the server, as it comes. */
  download(): Promise<ReadableStream<Uint8Array>> {
    return this.#orClosed(
      new Promise((resolve) => {
        this.#onDownload = resolve;
      }),
    );
  }

  /** Measures round trips, in both directions, for as long as `work` takes. */
  async ping(work: () => Promise<unknown>): Promise<RoundTrips> {
    this.#pinger = new Pinger((bytes) => {
      this.socket.send(bytes, { channel: Channel.pagePings });
    });
    this.tell({ kind: 'start-pings' });
    this.#pinger.start();
    await work();
    const fromServer = this.answer('pings');
    this.tell({ kind: 'stop-pings' });
    const page = await this.#pinger.stop();
    return { page, server: (await fromServer).roundTripsMs };
  }

  #answered(answer: Answer): void {
    this.#waiting.get(answer.kind)?.(answer);
  }

  #orClosed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.closed]);
  }
}
