import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { offeredProtocols } from '../../src/protocol/version.ts';

const END_OF_HEAD = '\r\n\r\n';
const CLOSE = 0x8;

/** A connection of which every byte is the test's, from the answer to the upgrade on. */
export interface RawTcp {
  readonly socket: Socket;
  /** The code in the server's close frame; undefined where the connection ended without one. */
  readonly closed: Promise<number | undefined>;
}

/** Upgrades to WebSocket by hand. */
export async function openTcp(url: string, extensions = ''): Promise<RawTcp> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  const lines = [
    'GET / HTTP/1.1',
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: ${offeredProtocols([]).join(', ')}`,
    ...(extensions === '' ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
  ];
  socket.write(lines.join('\r\n') + END_OF_HEAD);
  let received = Buffer.alloc(0);
  const closed = new Promise<number | undefined>((resolve) => {
    let bytes = Buffer.alloc(0);
    let isUp = false;
    socket.on('data', (data: Buffer) => {
      bytes = Buffer.concat([bytes, data]);
      const end = bytes.indexOf(END_OF_HEAD);
      if (!isUp && end < 0) return;
      if (!isUp) bytes = bytes.subarray(end + END_OF_HEAD.length);
      isUp = true;
      for (let frame = readFrame(bytes); frame !== undefined; frame = readFrame(bytes)) {
        if (frame.opcode === CLOSE) resolve(frame.payload.readUInt16BE());
        bytes = bytes.subarray(frame.length);
      }
    });
    socket.on('close', () => {
      resolve(undefined);
    });
  });
  while (!received.includes(END_OF_HEAD)) {
    const [data] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, data]);
  }
  return { socket, closed };
}

/** A WebSocket frame as a client sends it, with a mask of zeros. */
export function clientFrame(
  payload: Uint8Array,
  { opcode = 0x2, fin = true, rsv1 = false }: { opcode?: number; fin?: boolean; rsv1?: boolean } = {},
): Buffer {
  const { length } = payload;
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  const head =
    length < 126
      ? Buffer.of(first, 0x80 | length)
      : length < 65_536
        ? Buffer.of(first, 0x80 | 126, length >> 8, length & 255)
        : Buffer.of(
            first,
            0x80 | 127,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255,
          );
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** A short frame of the server; its frames to these tests are short. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | undefined {
  const [first = 0, second] = bytes;
  if (second === undefined) return undefined;
  const headBytes = second === 126 ? 4 : 2;
  if (bytes.length < headBytes) return undefined;
  const length = headBytes + (second === 126 ? bytes.readUInt16BE(2) : second);
  if (bytes.length < length) return undefined;
  return { opcode: first & 0xf, payload: bytes.subarray(headBytes, length), length };
}
