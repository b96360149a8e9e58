import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../../../src/protocol/version.ts';
import { ChunkServer } from '../../../src/server.ts';
import type { Commands } from './commands.ts';
import { chooseProtocol } from './commands.ts';

/** What a real intermediary may let through, at most, in one message. */
const SMALL_PAYLOAD = 32 * 1024;
const LARGE_PAYLOAD = 64 * 1024 * 1024;

/** Takes upgrades and serves the commands on them. */
export interface Acceptor {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  stop(): Promise<void>;
}

/** A server of `ws` alone. Under `/deflate` it compresses. */
export function acceptPlain(commands: Commands): Acceptor {
  const make = (perMessageDeflate: boolean): WebSocketServer =>
    new WebSocketServer({
      noServer: true,
      maxPayload: LARGE_PAYLOAD,
      perMessageDeflate,
      handleProtocols: (offered, request) => chooseProtocol([...offered], request.url ?? '') ?? false,
    });
  const servers = { plain: make(false), deflate: make(true) };
  const connect = (socket: WebSocket, request: IncomingMessage): void => {
    commands.serve({
      url: request.url ?? '',
      info: infoOf(request.headers, request.headers['sec-websocket-protocol'] ?? ''),
      onMessage(listener) {
        socket.on('message', (data, isBinary) => {
          listener(isBinary ? (data as Buffer) : (data as Buffer).toString());
        });
      },
      send(messages) {
        request.socket.cork();
        for (const message of messages) socket.send(message);
        request.socket.uncork();
      },
      close(code, reason) {
        socket.close(code, reason);
      },
      drop() {
        socket.terminate();
      },
      stall() {
        socket.pause();
      },
    });
  };
  return {
    upgrade(request, socket, head) {
      const server = request.url?.startsWith('/deflate') === true ? servers.deflate : servers.plain;
      server.handleUpgrade(request, socket, head, connect);
    },
    stop() {
      for (const server of Object.values(servers)) {
        for (const socket of server.clients) socket.terminate();
        server.close();
      }
      return Promise.resolve();
    },
  };
}

/** A ChunkServer, behind what lets only small messages through; whoever does not speak its protocol is served as above. */
export function acceptSessions(commands: Commands): Acceptor {
  const plain = acceptPlain(commands);
  const wss = new WebSocketServer({ noServer: true, maxPayload: SMALL_PAYLOAD });
  const server = new ChunkServer({
    protocols: (offered, request) => chooseProtocol(offered, request.url ?? ''),
  });
  server.attach(wss);
  server.on('session', (session) => {
    const { url, headers } = session.request;
    commands.serve({
      url,
      info: infoOf(headers, session.protocol),
      onMessage(listener) {
        session.on('message', ({ data }) => {
          listener(typeof data === 'string' ? data : data);
        });
      },
      send(messages) {
        for (const message of messages) session.send(message);
      },
      close(code, reason) {
        void session.close(code, reason);
      },
      drop() {
        session.terminate();
      },
      stall() {
        // Messages that nobody listens for are not taken beyond the session's credit.
      },
    });
  });
  return {
    upgrade(request, socket, head) {
      if (request.headers['sec-websocket-protocol']?.includes(SUBPROTOCOL) !== true) {
        plain.upgrade(request, socket, head);
        return;
      }
      wss.handleUpgrade(request, socket, head, (accepted) => {
        wss.emit('connection', accepted, request);
      });
    },
    async stop() {
      await server.close({ deadlineMs: 0 });
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      await plain.stop();
    },
  };
}

function infoOf(headers: IncomingMessage['headers'], protocols: string): Record<string, unknown> {
  const { origin, host } = headers;
  return { origin, host, protocols };
}
