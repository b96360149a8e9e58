import { HeapWatch } from '../../../shared/heap.ts';
import { makePattern, PATTERN_BYTES } from '../../../shared/pattern.ts';
import { BULK_CHANNEL } from '../../shared/command.ts';
import type { Taken } from '../../shared/command.ts';
import type { Job, Samples } from '../../shared/job.ts';
import { secondsOf } from '../alternate.ts';
import { openChunkSocket } from '../connections/chunk-socket.ts';
import type { ChunkConnection } from '../connections/chunk-socket.ts';
import { open } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';
import { tellProgress } from '../progress.ts';
import { command } from '../talk.ts';

const PING_EVERY_MS = 4;
const PING_BYTES = 100;
/** A message of the raw socket, many of which make an upload: it cannot take half a gigabyte at once. */
const PART_BYTES = 64 << 20;

/** A Blob of any length that costs a megabyte: it names one part again and again. */
export function makeBlob(bytes: number): Blob {
  const part = new Blob([makePattern()]);
  const parts = Array.from({ length: Math.floor(bytes / PATTERN_BYTES) }, () => part);
  return new Blob([...parts, part.slice(0, bytes % PATTERN_BYTES)]);
}

/** A connection on which small messages come back, and big ones are confirmed. */
class Beside {
  readonly #connection: Connection;
  readonly #sentAtMs: number[] = [];
  readonly #times: number[] = [];
  #taken: (length: number) => void = () => undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    command(connection, { kind: 'beside' });
    connection.onMessage = (data) => {
      if (typeof data === 'string') this.#taken((JSON.parse(data) as Taken).length);
      else this.#times.push(performance.now() - (this.#sentAtMs.shift() ?? NaN));
    };
  }

  /** The server's word that it has the next big message. */
  taken(): Promise<number> {
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }

  /** Round trips of small messages, in ms, for as long as `isGoingOn`. */
  async ping(isGoingOn: (count: number) => boolean): Promise<number[]> {
    this.#times.length = 0;
    while (isGoingOn(this.#times.length)) {
      await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
      this.#sentAtMs.push(performance.now());
      this.#connection.send(new ArrayBuffer(PING_BYTES));
    }
    while (this.#sentAtMs.length > 0) await new Promise((resolve) => setTimeout(resolve, PING_EVERY_MS));
    return this.#times.slice();
  }
}

/** Small messages beside uploads, in turns with the same uploads by the raw socket. */
export async function beside({ url, rounds }: Job, uploadBytes: number, pings: number): Promise<Samples> {
  const blob = makeBlob(uploadBytes);
  const raw = await open('raw', url);
  const rawBeside = new Beside(raw);
  const ours = await openChunkSocket(url);
  const oursBeside = new Beside(ours);

  const uploadRaw = async (): Promise<void> => {
    for (let at = 0; at < uploadBytes; at += PART_BYTES) {
      const taken = rawBeside.taken();
      raw.send(await blob.slice(at, at + PART_BYTES).arrayBuffer());
      await taken;
    }
  };
  await uploadRaw();
  await uploadOurs(ours, oursBeside, blob);
  const idle = await oursBeside.ping((count) => count < pings);
  const samples = { raw: [] as number[], chunksocket: [] as number[], idle, loaded: [] as number[] };
  for (let round = 0; round < rounds || samples.loaded.length < pings; round++) {
    samples.raw.push(uploadBytes / (await secondsOf(uploadRaw)));
    let isUploading = true;
    const [seconds, times] = await Promise.all([
      secondsOf(() => uploadOurs(ours, oursBeside, blob)).finally(() => {
        isUploading = false;
      }),
      oursBeside.ping(() => isUploading),
    ]);
    samples.chunksocket.push(uploadBytes / seconds);
    samples.loaded.push(...times);
    tellProgress();
  }
  return samples;
}

async function uploadOurs({ socket }: ChunkConnection, watch: Beside, blob: Blob): Promise<void> {
  const taken = watch.taken();
  socket.send(blob, { channel: BULK_CHANNEL });
  const length = await taken;
  if (length !== blob.size) throw new Error(`The server took ${length} of ${blob.size} bytes.`);
}

/** The heap while a Blob goes up, above what it was before: in bytes. */
export async function heap({ url }: Job, bytes: number): Promise<Samples> {
  const connection = await openChunkSocket(url);
  const watch = new Beside(connection);
  const blob = makeBlob(bytes);
  await uploadOurs(connection, watch, blob.slice(0, PART_BYTES));
  const heapWatch = await HeapWatch.start();
  await uploadOurs(connection, watch, blob);
  return { chunksocket: [heapWatch.stop() - heapWatch.startBytes] };
}

/** Seconds of one message of each size. */
export async function sizes({ url, rounds }: Job, all: readonly number[]): Promise<Samples> {
  const connection = await openChunkSocket(url);
  const watch = new Beside(connection);
  const samples = Object.fromEntries(all.map((bytes) => [bytes, [] as number[]]));
  await uploadOurs(connection, watch, makeBlob(PART_BYTES));
  for (let round = 0; round < rounds; round++) {
    for (const bytes of all) {
      const blob = makeBlob(bytes);
      samples[bytes]?.push(await secondsOf(() => uploadOurs(connection, watch, blob)));
      tellProgress();
    }
  }
  return samples;
}
