import type { Socket } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';
const MAX_HEAD_BYTES = 65_536;

/** The head of an HTTP request or response. */
export interface HttpHead {
  readonly bytes: Buffer;
  /** True when the end of the head was found; false when the peer said something that is not HTTP. */
  readonly isComplete: boolean;
}

/**
 * Reads an HTTP head from a socket. What follows the head is put back, and the socket is left paused.
 * Resolves with undefined when the socket ended first without having sent anything.
 */
export function readHttpHead(socket: Socket): Promise<HttpHead | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (head: HttpHead | undefined, rest: Buffer | undefined): void => {
      socket.off('data', handleData);
      socket.off('end', handleEnd);
      socket.off('close', handleEnd);
      socket.pause();
      if (rest !== undefined && rest.length > 0) socket.unshift(rest);
      resolve(head);
    };
    const handleData = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(END_OF_HEAD);
      if (end >= 0) {
        const headBytes = end + END_OF_HEAD.length;
        finish({ bytes: bytes.subarray(0, headBytes), isComplete: true }, bytes.subarray(headBytes));
      } else if (bytes.length > MAX_HEAD_BYTES) {
        finish({ bytes, isComplete: false }, undefined);
      }
    };
    const handleEnd = (): void => {
      finish(bytes.length > 0 ? { bytes, isComplete: false } : undefined, undefined);
    };
    socket.on('data', handleData);
    socket.on('end', handleEnd);
    socket.on('close', handleEnd);
  });
}

/** True for the head of a request that asks for a WebSocket. */
export function isWebSocketRequest(head: HttpHead): boolean {
  return head.isComplete && /^upgrade:\s*websocket\s*$/im.test(head.bytes.toString('latin1'));
}

/** True for the head of a response that switches protocols. */
export function isSwitchingProtocols(head: HttpHead): boolean {
  return head.isComplete && /^HTTP\/1\.1 101\b/.test(head.bytes.toString('latin1', 0, 32));
}

/** The head without a header field. */
export function withoutHeader(bytes: Buffer, name: string): Buffer {
  const lines = bytes.toString('latin1').split('\r\n');
  const kept = lines.filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return Buffer.from(kept.join('\r\n'), 'latin1');
}
