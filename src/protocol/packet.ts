import { pack, Reader, varintBytes, writeVarint } from './bytes.ts';
import { MAX_HELLO_BYTES } from './limits.ts';
import type { ViolationName } from './violation.ts';

// First byte of a packet; STREAM has its flags in the lower four bits.
export const HELLO = 1;
export const WELCOME = 2;
const STREAM = 16;

/**
 * One packet. `slice` is empty in a pure ACK, whose `offset` is 0 and means nothing. Slices and bodies are views of what
 * was decoded.
 */
export type Packet =
  | { kind: 'hello' | 'welcome'; body: Uint8Array }
  | { kind: 'stream'; ackNow: boolean; ack: number; offset: number; slice: Uint8Array };

/** The packet in one binary WebSocket message. */
export function decodePacket(bytes: Uint8Array): Packet | ViolationName {
  const kind = bytes[0];
  if (kind === undefined) return 'empty-packet';
  if (kind === HELLO || kind === WELCOME) {
    return bytes.length > MAX_HELLO_BYTES
      ? 'hello-too-big'
      : { kind: kind === HELLO ? 'hello' : 'welcome', body: bytes.subarray(1) };
  }
  if (kind >> 1 !== STREAM >> 1) return 'unknown-packet';
  const reader = new Reader(bytes, 1);
  const ack = reader.varint();
  const hasSlice = reader.at < bytes.length;
  const offset = hasSlice ? reader.varint() : 0;
  if (!reader.at) return 'bad-varint';
  const slice = bytes.subarray(reader.at);
  return hasSlice && !slice.length ? 'empty-slice' : { kind: 'stream', ackNow: kind > STREAM, ack, offset, slice };
}

/** Bytes of a STREAM packet before its slice. */
export function streamHeaderBytes(ack: number, offset: number): number {
  return 1 + varintBytes(ack) + varintBytes(offset);
}

/** Writes what comes before the slice of a STREAM packet at index 0 of `target`, and returns its length. */
export function writeStreamHeader(target: Uint8Array, ackNow: boolean, ack: number, offset: number): number {
  target[0] = STREAM | Number(ackNow);
  return writeVarint(target, writeVarint(target, 1, ack), offset);
}

/** A whole STREAM packet without a slice: a pure ACK; with `ackNow` a probe, which is answered at once. */
export function encodeAck(ackNow: boolean, ack: number): Uint8Array {
  // the kind is below 64, and so is its own varint
  return pack(STREAM | Number(ackNow), ack);
}
