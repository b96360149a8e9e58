import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Pinger, PING_EVERY_MS } from '../shared/pinger.ts';

/** The path itself, as a plain WebSocket sees it. */
export interface RawPath {
  /** Round trips of small messages, in ms, while nothing else is sent. */
  readonly roundTripsMs: readonly number[];
  /** Bytes per second that arrive while as much is sent as can be. */
  readonly bytesPerSecond: number;
}

const MESSAGE_BYTES = 16 * 1024;
/** A bulk message is answered with its first bytes, a small one as it is. */
const ANSWER_BYTES = 100;
/** So many messages without an answer keep every path here busy. */
const MAX_UNANSWERED = 32;
const RAMP_MS = 3000;

/** The server's side of {@link measureRawPath}. */
export function answerRaw(socket: WebSocket): void {
  socket.on('message', (data: Buffer) => {
    socket.send(data.subarray(0, ANSWER_BYTES));
  });
}

/** Measures a path with a plain WebSocket of `ws`: what the rows over the same path can be compared with. */
export async function measureRawPath(url: string, pings: number, steadyMs: number): Promise<RawPath> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  const failed = once(socket, 'close').then(() => {
    throw new Error('The plain WebSocket was closed.');
  });
  failed.catch(() => undefined);
  try {
    const roundTripsMs = await Promise.race([ping(socket, pings), failed]);
    const bytesPerSecond = await Promise.race([measureBulk(socket, steadyMs), failed]);
    return { roundTripsMs, bytesPerSecond };
  } finally {
    socket.terminate();
  }
}

async function ping(socket: WebSocket, count: number): Promise<number[]> {
  const pinger = new Pinger((bytes) => {
    socket.send(bytes);
  });
  const answered = (data: Buffer): void => {
    pinger.answered(data);
  };
  socket.on('message', answered);
  pinger.start();
  await delay(count * PING_EVERY_MS);
  const roundTripsMs = await pinger.stop();
  socket.off('message', answered);
  return roundTripsMs;
}

async function measureBulk(socket: WebSocket, steadyMs: number): Promise<number> {
  const message = new Uint8Array(MESSAGE_BYTES);
  let answers = 0;
  socket.on('message', () => {
    answers++;
    socket.send(message);
  });
  for (let i = 0; i < MAX_UNANSWERED; i++) socket.send(message);
  await delay(RAMP_MS);
  const before = answers;
  const startedAtMs = performance.now();
  await delay(steadyMs);
  return ((answers - before) * MESSAGE_BYTES * 1000) / (performance.now() - startedAtMs);
}
