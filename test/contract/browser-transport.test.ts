import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ScriptedServer } from '../client/scripted-server.ts';
import type { ScriptedSocket } from '../client/scripted-server.ts';
import { openClientTransport, watchEnd } from './open-client-transport.ts';
import { describeTransport } from './transport-contract.ts';
import type { ContractPeer } from './transport-contract.ts';
import { wsPeerOf } from './ws-peer.ts';

let wss: WebSocketServer;
let url = '';

beforeAll(async () => {
  wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(wss, 'listening');
  url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;
});

afterAll(async () => {
  for (const socket of wss.clients) socket.terminate();
  await new Promise((resolve) => {
    wss.close(resolve);
  });
});

describeTransport("the client's, with the WebSocket of ws", async (handlers) => {
  const { transport, socket } = openClientTransport(WebSocket, url, handlers);
  const over = watchEnd(socket);
  const peer = await new Promise<ContractPeer>((resolve) => {
    wss.once('connection', (accepted) => {
      resolve(wsPeerOf(accepted));
    });
  });
  return { transport, peer, over };
});

describeTransport("the client's, with the WebSocket of the tests that have no network", async (handlers) => {
  const server = new ScriptedServer();
  const { transport } = openClientTransport(server.WebSocket, 'ws://scripted', handlers);
  const socket = await server.next();
  socket.open();
  return {
    transport,
    peer: scriptedPeerOf(socket),
    over: () => {
      const { code, reason } = closeOf(socket);
      socket.end(code, reason, true);
      return Promise.resolve();
    },
  };
});

function scriptedPeerOf(socket: ScriptedSocket): ContractPeer {
  const { packets } = socket;
  let count = 0;
  return {
    // Not in the same turn, as from a network.
    send: async (bytes) => {
      await Promise.resolve();
      socket.deliver(bytes);
    },
    sendText: async (text) => {
      await Promise.resolve();
      socket.deliverText(text);
    },
    close: (code, reason) => {
      socket.end(code, reason, true);
    },
    cut: () => {
      socket.end();
    },
    pause: () => {
      socket.pause();
    },
    // Nothing is on its way: what was sent is here.
    next: () => {
      const bytes = packets[count++];
      return bytes === undefined ? Promise.reject(new Error('Nothing was sent.')) : Promise.resolve(bytes);
    },
    countUnread: () => packets.length - count,
    get closed() {
      return Promise.resolve(closeOf(socket));
    },
  };
}

/** What a server would see of the client's close. */
function closeOf({ closedWith }: ScriptedSocket): { code: number; reason: string } {
  if (closedWith === undefined) throw new Error('The client has not closed.');
  const { code = 1005, reason = '' } = closedWith;
  return { code, reason };
}
