import { makePattern, PATTERN_BYTES } from '../../../shared/pattern.ts';
import { ALPHABETS, makeJson } from '../../shared/content.ts';
import type { Alphabet } from '../../shared/content.ts';
import type { Job, Samples } from '../../shared/job.ts';
import { alternate, secondsOf } from '../alternate.ts';
import type { ChunkConnection } from '../connections/chunk-socket.ts';
import { cpuOf } from '../cpu.ts';
import { command, receiveAll, sendAll } from '../talk.ts';

export function makeBuffer(bytes: number): ArrayBuffer {
  const pattern = makePattern();
  const data = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += PATTERN_BYTES) {
    data.set(pattern.subarray(0, Math.min(PATTERN_BYTES, bytes - at)), at);
  }
  return data.buffer;
}

/** One binary message up. */
export function upload(job: Job, bytes: number): Promise<Samples> {
  const data = makeBuffer(bytes);
  return alternate(job, async (connection) => {
    const before = await cpuOf();
    const seconds = await secondsOf(() =>
      sendAll(connection, 1, bytes, () => {
        connection.send(data);
      }),
    );
    const { serverMs } = await cpuOf();
    return { '': seconds, 'server CPU': (serverMs - before.serverMs) / 1000 };
  });
}

/** One binary message down. */
export function download(job: Job, bytes: number): Promise<Samples> {
  return alternate(job, (connection) => secondsOf(() => receiveAll(connection, 1, bytes)));
}

/** One binary message down: ours as a stream, the others whole. */
export function stream(job: Job, bytes: number): Promise<Samples> {
  return alternate(job, (connection) =>
    secondsOf(() =>
      'socket' in connection ? read(connection as ChunkConnection, bytes) : receiveAll(connection, 1, bytes),
    ),
  );
}

async function read(connection: ChunkConnection, bytes: number): Promise<void> {
  const { socket } = connection;
  const readers: Promise<number>[] = [];
  await new Promise<void>((resolve) => {
    const off = socket.on('incoming', (incoming) => {
      off();
      readers.push(count(incoming.stream()));
      resolve();
    });
    command(connection, { kind: 'stream', bytes });
  });
  const [read] = await Promise.all(readers);
  if (read !== bytes) throw new Error(`${read ?? 0} bytes came instead of ${bytes}.`);
}

async function count(source: ReadableStream<Uint8Array>): Promise<number> {
  const reader = source.getReader();
  let bytes = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    bytes += value?.length ?? 0;
  }
  return bytes;
}

/** One text message up. */
export function text(job: Job, alphabet: Alphabet, length: number): Promise<Samples> {
  const data = makeJson(ALPHABETS[alphabet], length);
  return alternate(job, (connection) =>
    secondsOf(() =>
      sendAll(connection, 1, length, () => {
        connection.send(data);
      }),
    ),
  );
}
