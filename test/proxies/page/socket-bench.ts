import { ChunkSocket } from '../../../src/index.ts';
import type { ChunkSocketEvents, ChunkSocketOptions, Stats } from '../../../src/index.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { readDelivery } from '../server/delivery.ts';
import type { Delivery, Label } from '../server/delivery.ts';

/** Options of a socket that are JSON. */
export type BenchOptions = Pick<
  ChunkSocketOptions,
  'heartbeatMs' | 'retryBaseMs' | 'retryMaxMs' | 'connectTimeoutMs' | 'startPacketBytes'
>;

/** What a socket went through. */
export interface Story {
  readonly stats: Pick<Stats, 'connections' | 'resentBytes' | 'limitBytes' | 'limitFloorBytes' | 'bufferedBytes'>;
  readonly retries: readonly ChunkSocketEvents['retry'][];
  readonly limits: readonly ChunkSocketEvents['limit'][];
  /** Sessions that were lost. */
  readonly lost: number;
  readonly errors: readonly string[];
  /** What the server sent. */
  readonly deliveries: readonly Delivery[];
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] extends readonly (infer Item)[] ? Item[] : T[Name] };

interface Entry {
  readonly socket: ChunkSocket;
  readonly told: Writable<Omit<Story, 'stats'>>;
}

/** Sockets that a test drives by name, with JSON only: in this process, or from outside of a page. */
export class SocketBench {
  readonly #options: ChunkSocketOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: Pick<ChunkSocketOptions, 'WebSocket'> = {}) {
    this.#options = { ...options, rememberLimits: 'none', retryBaseMs: 20, retryMaxMs: 100 };
  }

  open(name: string, url: string, options: BenchOptions = {}): void {
    const socket = new ChunkSocket(url, { ...this.#options, ...options });
    const told: Entry['told'] = { retries: [], limits: [], lost: 0, errors: [], deliveries: [] };
    socket.on('retry', (retry) => told.retries.push(retry));
    socket.on('limit', (limit) => told.limits.push(limit));
    socket.on('lost', () => told.lost++);
    socket.on('error', ({ error }) => told.errors.push(String(error)));
    socket.on('message', (message) => told.deliveries.push(readDelivery(message, '')));
    this.#entries.set(name, { socket, told });
  }

  /** Sends a Blob, and returns when it is delivered. */
  async send(name: string, byteLength: number, label: Label, channel = ''): Promise<void> {
    const blob = new Blob([patternBytes(byteLength, label.seed)]);
    await this.#entry(name).socket.send(blob, { meta: label, channel }).delivered;
  }

  tell(name: string): Story {
    const { socket, told } = this.#entry(name);
    const { connections, resentBytes, limitBytes, limitFloorBytes, bufferedBytes } = socket.stats();
    return { ...told, stats: { connections, resentBytes, limitBytes, limitFloorBytes, bufferedBytes } };
  }

  async close(name: string): Promise<void> {
    await this.#entry(name).socket.close();
    this.#entries.delete(name);
  }

  /** Ends those that are left, as they are. */
  closeAll(): void {
    for (const { socket } of this.#entries.values()) void socket.close(1000, '', { drainMs: 0 });
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`There is no socket ${name}.`);
    return entry;
  }
}
