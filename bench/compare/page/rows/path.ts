import { ChunkSocket } from 'chunksocket';
import type { Job, Samples } from '../../shared/job.ts';
import { secondsOf } from '../alternate.ts';
import { openChunkSocket, OPTIONS } from '../connections/chunk-socket.ts';
import { reporter, tellProgress } from '../progress.ts';
import { sendAll } from '../talk.ts';
import { makeBuffer } from './bulk.ts';

const MEMORY = { ...OPTIONS, rememberLimits: 'localStorage' } as const;

/** Seconds from `new` until the server's answer to the first message is there: the path is long. */
export async function first({ url, rounds }: Job): Promise<Samples> {
  const samples = { raw: [] as number[], unknown: [] as number[], known: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    samples.raw.push(await secondsOf(() => firstRaw(url)));
    localStorage.clear();
    samples.unknown.push(await secondsOf(() => firstOurs(url)));
    samples.known.push(await secondsOf(() => firstOurs(url)));
    tellProgress();
  }
  return samples;
}

const ECHO = JSON.stringify({ kind: 'echo', count: 1 });

function firstRaw(url: string): Promise<void> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    socket.onopen = () => {
      socket.send(ECHO);
      socket.send('first');
    };
    socket.onmessage = () => {
      resolve();
      socket.close();
    };
  });
}

function firstOurs(url: string): Promise<void> {
  const socket = new ChunkSocket(url, MEMORY);
  socket.send(ECHO);
  socket.send('first');
  return new Promise((resolve) => {
    socket.on('message', () => {
      resolve();
      void socket.close();
    });
  });
}

/** Bytes that are sent again after the connection was cut near the end. */
export async function cut({ url, rounds }: Job, bytes: number): Promise<Samples> {
  const data = makeBuffer(bytes);
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await reporter.tell({ kind: 'asks', what: 'cut' });
    const connection = await openChunkSocket(url);
    await sendAll(connection, 1, bytes, () => {
      connection.send(data);
    });
    const { resentBytes, connections } = connection.socket.stats();
    if (connections !== 2) throw new Error(`There were ${connections} connections.`);
    samples.push(resentBytes);
    connection.close();
    tellProgress();
  }
  return { chunksocket: samples };
}

const STEP = 'step';

/** Connections that it takes to send more than a path carries at once: the first time, and after a reload of the page. */
export async function hiddenLimit({ url }: Job, bytes: number): Promise<Samples> {
  const before = sessionStorage.getItem(STEP);
  const socket = new ChunkSocket(url, MEMORY);
  await socket.send(JSON.stringify({ kind: 'take', count: 1 })).delivered;
  await socket.send(makeBuffer(bytes)).delivered;
  const { connections } = socket.stats();
  await socket.close();
  if (before !== null) return { unknown: [Number(before)], known: [connections] };
  sessionStorage.setItem(STEP, String(connections));
  location.reload();
  return new Promise(() => undefined);
}
