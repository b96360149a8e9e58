/** What a Close frame says. A frame without a code is 1005, as a WebSocket reports it. */
export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

/** The code that stands for a Close frame without a code (RFC 6455 7.1.5). */
export const NO_STATUS_CODE = 1005;

const CLOSE_FRAME_FIRST_BYTE = 0x88;
const MASK_BIT = 0x80;
const MAX_CONTROL_PAYLOAD_BYTES = 125;
const MASK_KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/**
 * Encodes a Close frame. Code 1005 gives a frame without a body; every other code is written as it is, also those
 * that RFC 6455 forbids on the wire, because a test may want just that.
 *
 * @param isMasked - true for a frame towards a server (RFC 6455 5.1)
 */
export function encodeCloseFrame(status: CloseStatus, isMasked: boolean): Buffer {
  const body = status.code === NO_STATUS_CODE ? Buffer.alloc(0) : encodeBody(status);
  if (body.length > MAX_CONTROL_PAYLOAD_BYTES) {
    throw new RangeError(`A close reason takes at most 123 bytes, this one takes ${String(body.length - 2)}`);
  }
  if (!isMasked) return Buffer.concat([Buffer.from([CLOSE_FRAME_FIRST_BYTE, body.length]), body]);
  const head = Buffer.from([CLOSE_FRAME_FIRST_BYTE, MASK_BIT | body.length]);
  return Buffer.concat([head, MASK_KEY, applyMask(body, MASK_KEY)]);
}

/** Reads the (unmasked) body of a Close frame. */
export function decodeCloseBody(body: Buffer): CloseStatus {
  if (body.length < 2) return { code: NO_STATUS_CODE, reason: '' };
  return { code: body.readUInt16BE(0), reason: body.toString('utf8', 2) };
}

/** Masks or unmasks (RFC 6455 5.3: the two are the same) into a new buffer. */
export function applyMask(bytes: Buffer, key: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    result[index] = (bytes[index] ?? 0) ^ (key[index & 3] ?? 0);
  }
  return result;
}

function encodeBody(status: CloseStatus): Buffer {
  const code = Buffer.allocUnsafe(2);
  code.writeUInt16BE(status.code, 0);
  return Buffer.concat([code, Buffer.from(status.reason, 'utf8')]);
}
