import { afterEach } from 'vitest';
import type { TransportHandlers } from '../../src/runtime/transport.ts';
import { nodeClock } from '../../src/server/node-clock.ts';
import { WsTransport } from '../../src/server/ws-transport.ts';
import { TestServer } from '../../src/testing/test-server.ts';
import type { TestServerSocket } from '../../src/testing/test-server-socket.ts';
import { Inbox } from '../support/inbox.ts';
import { openClientTransport, watchEnd } from './open-client-transport.ts';
import { describeTransport } from './transport-contract.ts';
import type { ContractPeer } from './transport-contract.ts';
import { peerOf } from './ws-peer.ts';

const URL = 'ws://memory.test/';
const sockets = new Inbox<TestServerSocket>();
let server = plainServer();

afterEach(() => {
  server = plainServer();
});

describeTransport("the client's, with the WebSocket of chunksocket/testing", async (handlers) => {
  const { transport, socket } = openClientTransport(server.WebSocket, URL, handlers);
  const over = watchEnd(socket);
  const peer = peerOf(await sockets.next(), () => {
    server.isSilent = true;
  });
  return { transport, peer, over };
});

describeTransport("the server's, with the socket of chunksocket/testing", async (handlers) => {
  const client = new server.WebSocket(URL);
  const peer = clientPeerOf(client);
  const transport = await openServerTransport(handlers);
  if (client.readyState !== client.OPEN) {
    await new Promise((resolve) => {
      client.addEventListener('open', resolve);
    });
  }
  return { transport, peer };
});

function plainServer(): TestServer {
  return new TestServer({
    isPlain: true,
    onPlain: (socket) => {
      sockets.push(socket);
    },
  });
}

/** As a server does, in the turn of the `connection` event: no message may be missed. */
function openServerTransport(handlers: TransportHandlers): Promise<WsTransport> {
  return sockets
    .next()
    .then((socket) => new WsTransport(socket, handlers, { clock: nodeClock(false), maxPacketBytes: Infinity }));
}

function clientPeerOf(socket: WebSocket): ContractPeer {
  const inbox = new Inbox<Uint8Array>();
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
    inbox.push(new Uint8Array(data));
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => {
      resolve({ code, reason });
    });
  });
  return {
    send: (bytes) => {
      socket.send(new Uint8Array(bytes));
    },
    sendText: (text) => {
      socket.send(text);
    },
    close: (code, reason) => {
      socket.close(code, reason);
    },
    cut: () => {
      server.cut();
    },
    pause: () => {
      server.isSilent = true;
    },
    next: () => inbox.next(),
    countUnread: () => inbox.items.length,
    closed,
  };
}
