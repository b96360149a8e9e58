import { onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ChunkSocket } from '../../src/index.ts';
import type { ChunkSocketEvents, ChunkSocketOptions, PerConnection } from '../../src/index.ts';
import type { WebSocketConstructor } from '../../src/index.ts';
import type { BinaryType } from '../../src/index.ts';
import { createPair } from '../../src/testing.ts';
import type { Pair, PairOptions } from '../../src/testing.ts';
import { Inbox } from '../support/inbox.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedServer } from './scripted-server.ts';

/** The class of `ws`, as the platform's is where there is one. */
export const NodeWebSocket: WebSocketConstructor = WebSocket;

/** A client of a real server; closed when the test is over. Reconnects are quick, and nothing is remembered. */
export function openSocket(url: PerConnection<string | URL>, options: ChunkSocketOptions = {}): ChunkSocket {
  const socket = new ChunkSocket(url, {
    WebSocket: NodeWebSocket,
    retryBaseMs: 10,
    retryMaxMs: 50,
    rememberLimits: 'none',
    ...options,
  });
  onTestFinished(() => socket.close(1000, '', { drainMs: 0 }));
  return socket;
}

/** A client and its session at a real server, without a network; both end when the test is over. */
export async function openPair({
  client,
  server,
}: Pick<PairOptions<BinaryType, 'uint8array'>, 'client' | 'server'> = {}): Promise<Pair<BinaryType>> {
  const pair = await createPair({ client, server });
  onTestFinished(pair.close);
  return pair;
}

/** A client, its scripted server and its clock. */
export interface Scripted {
  readonly socket: ChunkSocket;
  readonly server: ScriptedServer;
  readonly clock: ManualClock;
}

/** A client of a scripted server, whose time the test moves. `random` is 0.5 unless given. */
export function openScripted(options: ChunkSocketOptions = {}): Scripted {
  const server = new ScriptedServer();
  const clock = new ManualClock();
  const socket = new ChunkSocket('ws://scripted.test/live', {
    WebSocket: server.WebSocket,
    clock,
    random: () => 0.5,
    rememberLimits: 'none',
    ...options,
  });
  onTestFinished(async () => {
    const closed = socket.close(1000, '', { drainMs: 0 });
    clock.advance(60_000);
    await closed;
  });
  return { socket, server, clock };
}

/** Collects the events of one name. */
export function collect<Name extends keyof ChunkSocketEvents>(
  socket: ChunkSocket,
  name: Name,
): Inbox<ChunkSocketEvents[Name]> {
  const inbox = new Inbox<ChunkSocketEvents[Name]>();
  socket.on(name, (event) => {
    inbox.push(event);
  });
  return inbox;
}

/** What `delivered` came to, where the test wants to go on meanwhile. */
export function outcomeOf(delivered: Promise<void>): Promise<unknown> {
  return delivered.then(
    () => 'delivered',
    (error: unknown) => error,
  );
}

/** What the SDK reports as the platform does an uncaught exception: errors of listeners and callbacks. */
export function catchReports(): unknown[] {
  const reports: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => {
    reports.push(error);
  });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return reports;
}
