import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { ChunkServer } from '../../../src/server.ts';
import type { ChunkServerOptions, ServerSession } from '../../../src/server.ts';
import { serve } from './delivery.ts';
import type { Delivery } from './delivery.ts';

/** A real server, in this process, for one test. */
export interface Upstream {
  readonly port: number;
  /** Everything that arrived, in order. */
  readonly deliveries: readonly Delivery[];
  /** Every session there was. */
  readonly sessions: readonly ServerSession[];
}

/** What a server is started with. */
export interface UpstreamOptions extends Pick<ChunkServerOptions, 'startPacketBytes'> {
  /** Of the `ws` server. Clients are told nothing of it, as behind a gateway. */
  readonly maxPayload?: number;
}

/** Starts a server; it is stopped when the test is over. */
export async function startUpstream({ maxPayload, startPacketBytes }: UpstreamOptions = {}): Promise<Upstream> {
  const deliveries: Delivery[] = [];
  const sessions: ServerSession[] = [];
  const server = new ChunkServer({ startPacketBytes });
  server.on('session', (session) => {
    sessions.push(session);
  });
  serve(server, (delivery) => {
    deliveries.push(delivery);
  });
  const wss = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    ...(maxPayload === undefined ? {} : { maxPayload }),
    handleProtocols: server.handleProtocols,
  });
  wss.on('connection', (socket, request) => {
    server.accept(socket, request);
  });
  await once(wss, 'listening');
  onTestFinished(async () => {
    for (const session of sessions) session.terminate();
    for (const socket of wss.clients) socket.terminate();
    await new Promise((resolve) => {
      wss.close(resolve);
    });
  });
  return { port: (wss.address() as AddressInfo).port, deliveries, sessions };
}
