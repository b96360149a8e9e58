import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { applyMask } from '../support/fault-proxy/close-frame.ts';
import type { CutKind } from '../support/fault-proxy/direction.ts';
import { FaultProxy, type FaultProxyOptions } from '../support/fault-proxy/fault-proxy.ts';

const END_OF_HEAD = '\r\n\r\n';

/** A real server, the proxy in front of it, and what they saw. */
export interface Rig {
  readonly proxy: FaultProxy;
  readonly server: WebSocketServer;
  /** Opens a client through the proxy, and returns both ends. */
  readonly connect: () => Promise<{ readonly client: WebSocket; readonly peer: WebSocket }>;
}

/** How a WebSocket ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** Starts an echo server and a proxy; both are stopped when the test is over. */
export async function startRig(options: Omit<FaultProxyOptions, 'targetPort'> = {}): Promise<Rig> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
  await once(server, 'listening');
  server.on('connection', (peer) => {
    peer.on('error', () => undefined);
    peer.on('message', (data, isBinary) => {
      peer.send(data, { binary: isBinary });
    });
  });
  const proxy = await FaultProxy.start({ targetPort: (server.address() as AddressInfo).port, ...options });
  onTestFinished(async () => {
    await proxy.stop();
    for (const peer of server.clients) peer.terminate();
    server.close();
  });
  const open = async (): Promise<{ client: WebSocket; peer: WebSocket }> => {
    const client = openClient(proxy.url);
    const [[peer]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [[WebSocket], unknown];
    return { client, peer };
  };
  return { proxy, server, connect: open };
}

/** A client that does not throw when it fails. */
export function openClient(url: string): WebSocket {
  const client = new WebSocket(url);
  client.on('error', () => undefined);
  return client;
}

/** Resolves when a WebSocket has ended. */
export function endOf(socket: WebSocket): Promise<Ending> {
  return new Promise((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
}

/** Resolves with the next message. */
export async function nextMessage(socket: WebSocket): Promise<Buffer> {
  const [data] = (await once(socket, 'message')) as [Buffer];
  return data;
}

/** Resolves with the error that a client failed with before it was open. */
export async function failureOf(client: WebSocket): Promise<Error & { readonly code?: string }> {
  const [error] = (await once(client, 'error')) as [Error & { readonly code?: string }];
  return error;
}

/**
 * How a socket, which must allow half-open connections, was cut by its peer.
 *
 * Node takes a reset that comes together with data for a FIN; only writing tells the two apart.
 */
export function cutOf(socket: Socket): Promise<CutKind> {
  return new Promise((resolve) => {
    socket.on('end', () => socket.end('?'));
    socket.on('error', () => undefined);
    socket.on('close', (hadError) => {
      resolve(hadError ? 'rst' : 'fin');
    });
  });
}

/** A client without a WebSocket in it, to see exactly what arrives. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves with all bytes behind the handshake and how the connection ended, when it has. */
  readonly end: Promise<{ readonly bytes: Buffer; readonly how: CutKind }>;

  private constructor(socket: Socket, rest: Buffer) {
    this.socket = socket;
    const chunks = [rest];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    this.end = cutOf(socket).then((how) => ({ bytes: Buffer.concat(chunks), how }));
  }

  /** Does the handshake. */
  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => {
      socket.destroy();
    });
    const lines = [
      'GET /raw HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let bytes = Buffer.alloc(0);
    while (!bytes.includes(END_OF_HEAD)) bytes = Buffer.concat([bytes, ...((await once(socket, 'data')) as [Buffer])]);
    return new RawClient(socket, bytes.subarray(bytes.indexOf(END_OF_HEAD) + END_OF_HEAD.length));
  }
}

/** A binary frame of up to 64 KiB as a client sends it. */
export function maskedFrame(payload: Buffer): Buffer {
  const key = Buffer.from([1, 2, 3, 4]);
  const head = payload.length < 126 ? Buffer.from([0x82, 0x80 | payload.length]) : Buffer.from([0x82, 0xfe, 0, 0]);
  if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, key, applyMask(payload, key)]);
}
