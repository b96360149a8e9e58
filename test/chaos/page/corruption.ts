import { ChunkSocket } from '../../../src/index.ts';
import type { ChunkSocketOptions } from '../../../src/index.ts';
import { contentOf, dataOf } from '../content.ts';
import { Digest } from '../digest.ts';
import { makePlan } from '../make-plan.ts';
import { sleep } from '../notes.ts';
import type { MessagePlan } from '../plan.ts';
import { scaledClock } from '../scaled-clock.ts';
import type { ScheduleArgs } from './schedules.ts';

const TIME_SCALE = 20;
const ECHO_BYTES = 50_000;

/** How a socket on a path that changes bytes came to its end. */
export interface CorruptionReport {
  readonly sent: number;
  readonly settled: number;
  readonly status: string;
  /** Code and name of the close, or what it is when it has not come. */
  readonly end: string;
}

const options: ChunkSocketOptions<'arraybuffer'> = {
  retryBaseMs: 5 * TIME_SCALE,
  retryMaxMs: 60 * TIME_SCALE,
  connectTimeoutMs: 1000 * TIME_SCALE,
  heartbeatMs: 4000,
  rememberLimits: 'none',
  clock: scaledClock(TIME_SCALE),
};

/** Sockets on a path that changes bytes. */
export const corruptionCommands = {
  /** Sends the schedule's messages, and returns when each is settled and the socket is closed. */
  async corrupt({ seed, index, url }: ScheduleArgs): Promise<CorruptionReport> {
    const messages = makePlan(seed, index).page.messages;
    const socket = new ChunkSocket(url, options);
    let end = '';
    socket.on('error', () => undefined);
    socket.on('message', () => undefined);
    socket.on('close', ({ code, reason, error }) => {
      end = `${code} ${reason} ${error?.code ?? ''}`;
    });
    let settled = 0;
    const outcomes = messages.map(async (message) => {
      await sleep(message.gapMs);
      const { channel, priority } = message;
      await socket
        .send(dataOf({ ...message, fate: 'delivered' }), { channel, priority })
        .delivered.catch(() => undefined);
      settled++;
    });
    await Promise.all(outcomes);
    // A length that was changed can have made the other side wait for what never comes: so it is bounded.
    await socket.close(1000, '', { drainMs: 20_000 });
    return { sent: messages.length, settled, status: socket.status, end };
  },

  /** Whether a message comes back as it was sent. */
  async echo({ seed, index, url }: ScheduleArgs): Promise<boolean> {
    const [first] = makePlan(seed, index).page.messages as [MessagePlan];
    const plan: MessagePlan = { ...first, form: 'array-buffer', byteLength: ECHO_BYTES };
    const socket = new ChunkSocket(url, options);
    const answer = new Promise<Digest>((resolve) => {
      socket.on('message', ({ data }) => {
        const digest = new Digest();
        digest.add(new Uint8Array(data as ArrayBuffer));
        resolve(digest);
      });
    });
    await socket.send(dataOf(plan), { channel: 'echo' }).delivered;
    const { hash, byteLength } = await answer;
    await socket.close();
    const expected = contentOf(plan);
    return hash === expected.hash && byteLength === expected.byteLength;
  },
};
