import { ChunkSocket } from '../../../src/index.ts';
import type { ChunkSocketOptions, Stats } from '../../../src/index.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import type { WorkerOrder } from './worker.ts';

let socket: ChunkSocket | undefined;
let upload: Promise<void> | undefined;
let worker: Worker | undefined;
const told: string[] = [];

function opened(): ChunkSocket {
  if (socket === undefined) throw new Error('There is no socket: open it first.');
  return socket;
}

/** The part of the tests that runs in a page: one socket, what it told, and one upload. */
const life = {
  /** Opens it, and resolves when it is open. */
  open(url: string, options: ChunkSocketOptions): Promise<void> {
    const made = new ChunkSocket(url, { rememberLimits: 'none', ...options });
    socket = made;
    for (const name of ['retry', 'resume', 'lost', 'error'] as const) made.on(name, () => told.push(name));
    made.on('close', ({ code }) => told.push(`close ${code}`));
    made.on('message', ({ data }) => told.push(`message ${data as string}`));
    return new Promise((resolve) => {
      made.on('open', () => {
        resolve();
      });
    });
  },

  /** Begins to send so many bytes. */
  upload(byteLength: number): void {
    upload = opened().send(new Blob([patternBytes(byteLength)])).delivered;
    upload.catch((error: unknown) => told.push(String(error)));
  },

  async uploaded(): Promise<void> {
    await upload;
  },

  async send(text: string): Promise<void> {
    await opened().send(text).delivered;
  },

  async close(): Promise<void> {
    await opened().close();
  },

  told: (): readonly string[] => told,
  stats: (): Stats => opened().stats(),
  status: (): string => opened().status,

  /** Starts a worker that sends so many bytes; resolves when they are delivered. */
  workerUpload(url: string, byteLength: number): Promise<string> {
    const started = new Worker('/worker.js');
    worker = started;
    const order: WorkerOrder = { url, byteLength };
    started.postMessage(order);
    return new Promise((resolve) => {
      started.onmessage = ({ data }: MessageEvent<string>) => {
        resolve(data);
      };
    });
  },

  terminateWorker(): void {
    worker?.terminate();
  },
};

export type Life = typeof life;

// What a page that comes out of the cache is told.
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) told.push('back');
});
Object.assign(globalThis, { life });
