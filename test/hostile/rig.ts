import { nanoid } from 'nanoid';
import { onTestFinished } from 'vitest';
import type { ServerOptions } from 'ws';
import type { ChunkSocket } from '../../src/index.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import type { ServerSession } from '../../src/server/server-session.ts';
import { openSocket } from '../client/support.ts';
import { bufferBytes, collectGarbage } from '../support/collect-garbage.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startServer } from '../support/start-server.ts';
import type { StartedServer } from '../support/start-server.ts';

/** Nothing is timed: ends a test of many connections that hangs, on a machine with much else to do. */
export const LONG_MS = 120_000;

/** Buffers that are about a connection and not about what its peer sends, in bytes. */
export const SLACK_BYTES: number = 4 << 20;

/** Somebody who means well, on the server that is under attack. */
export interface Bystander {
  readonly socket: ChunkSocket;
  /** Fulfilled when a message has gone to the server and come back. */
  echo(bytes?: number): Promise<void>;
}

/** A server under attack, and who must not notice it. */
export interface Target extends StartedServer {
  readonly bystander: Bystander;
  /**
   * Runs the attack while the bystander sends and gets messages, one after the other, and one more at the end.
   *
   * @returns what the attack does
   */
  during<T>(attack: () => Promise<T>): Promise<T>;
}

/** What the attackers' sessions are; the bystander's is echoed. */
export type OnVictim = (session: ServerSession) => void;

/**
 * Starts a server whose only honest client is the bystander.
 *
 * @param onSession - gets every other session
 */
export async function startTarget(
  options: ChunkServerOptions = {},
  wsOptions: Omit<ServerOptions, 'host' | 'port'> = {},
  onSession: OnVictim = () => undefined,
): Promise<Target> {
  const started = await startServer(options, wsOptions);
  const { clock } = options;
  // Time that stands still would let no deadline pass, that of the end of the test included.
  if (clock instanceof ManualClock) {
    onTestFinished(() => {
      void started.server.close({ deadlineMs: 0 });
      clock.advance(1);
    });
  }
  let isFirst = true;
  started.server.on('session', (session) => {
    if (isFirst) {
      isFirst = false;
      session.on('message', ({ data }) => {
        session.send(data);
      });
    } else {
      onSession(session);
    }
  });
  const bystander = openBystander(started.url);
  await bystander.echo();
  // It is the bystander's: what follows are the attackers'.
  await started.sessions.next();
  return { ...started, bystander, during: (attack) => during(bystander, attack) };
}

function openBystander(url: string): Bystander {
  const socket = openSocket(url, { auth: 'bystander' });
  const waiting = new Map<string, () => void>();
  socket.on('message', ({ data }) => {
    const name = (data as string).slice(0, 21);
    waiting.get(name)?.();
    waiting.delete(name);
  });
  const echo = async (bytes = 100): Promise<void> => {
    const name = nanoid();
    const back = new Promise<void>((resolve) => waiting.set(name, resolve));
    await socket.send(name + 'x'.repeat(bytes)).delivered;
    await back;
  };
  return { socket, echo };
}

async function during<T>(bystander: Bystander, attack: () => Promise<T>): Promise<T> {
  const state = { isOver: false };
  const { connections } = bystander.socket.stats();
  const attacking = attack().finally(() => {
    state.isOver = true;
  });
  const echoing = (async () => {
    do await bystander.echo();
    while (!state.isOver);
    await bystander.echo(50_000);
  })();
  const [result] = await Promise.all([attacking, echoing]);
  if (bystander.socket.status !== 'open' || bystander.socket.stats().connections !== connections) {
    throw new Error('The bystander lost its connection.');
  }
  return result;
}

/** Watches what the process holds while an attack runs: the largest growth of buffers and heap, in bytes. */
export class MemoryWatch {
  readonly #startBytes = bufferBytes();
  #peakBytes = this.#startBytes;
  readonly #timer = setInterval(() => {
    this.#peakBytes = Math.max(this.#peakBytes, process.memoryUsage().arrayBuffers);
  }, 5);

  constructor() {
    onTestFinished(() => {
      clearInterval(this.#timer);
    });
  }

  /** Growth of all buffers at its worst, garbage included. */
  get peakBytes(): number {
    return this.#peakBytes - this.#startBytes;
  }

  /** Growth of buffers that are still referred to. */
  heldBytes(): number {
    return bufferBytes() - this.#startBytes;
  }
}

/** Bytes of the heap and of buffers that something refers to. */
export function usedBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
