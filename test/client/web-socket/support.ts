import { onTestFinished } from 'vitest';
import { ChunkWebSocket } from '../../../src/websocket.ts';
import type { ChunkWebSocketOptions } from '../../../src/websocket.ts';
import { NodeWebSocket } from '../support.ts';

/** What a socket told, in order. */
export type Told =
  | { readonly type: 'open' | 'error' }
  | { readonly type: 'message'; readonly data: unknown }
  | { readonly type: 'close'; readonly code: number; readonly reason: string; readonly wasClean: boolean };

/** A drop-in for Node, and what it told. */
export interface Opened {
  readonly socket: WebSocket;
  readonly told: Told[];
  readonly types: () => string[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string; readonly wasClean: boolean }>;
  readonly opened: Promise<unknown>;
}

/** Reconnects are quick, and nothing is remembered. Closed when the test is over. */
export function openDropIn(url: string, options: ChunkWebSocketOptions = {}, protocols?: string | string[]): Opened {
  const Bound = ChunkWebSocket.with({
    WebSocket: NodeWebSocket,
    retryBaseMs: 10,
    retryMaxMs: 50,
    rememberLimits: 'none',
    ...options,
  });
  const socket = new Bound(url, protocols);
  const told: Told[] = [];
  for (const type of ['open', 'error'] as const) {
    socket.addEventListener(type, () => {
      told.push({ type });
    });
  }
  socket.addEventListener('message', ({ data }) => {
    told.push({ type: 'message', data });
  });
  const opened = new Promise((resolve) => {
    socket.addEventListener('open', resolve);
  });
  const closed = new Promise<Extract<Told, { type: 'close' }>>((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      const end = { type: 'close', code, reason, wasClean } as const;
      told.push(end);
      resolve(end);
    });
  });
  onTestFinished(async () => {
    socket.close();
    if (socket.readyState < 3) await closed;
  });
  return { socket, told, types: () => told.map(({ type }) => type), closed, opened };
}
