import { MAX_HELLO_BYTES } from './limits.ts';
import { joinBytes, noBytes, varintBytes, VarintReader, writeVarint } from './varint.ts';
import type { ViolationName } from './violation.ts';

/** First byte of a packet; STREAM has its flags in the lower four bits. */
export const PacketKind = { hello: 1, welcome: 2, stream: 16 } as const;

/**
 * One packet. `slice` is empty in a pure ACK, whose `offset` is 0 and means noBytes. Slices and bodies are views of what
 * was decoded.
 */
export type Packet =
  | { kind: 'hello' | 'welcome'; body: Uint8Array }
  | { kind: 'stream'; ackNow: boolean; ack: number; offset: number; slice: Uint8Array };

/** The packet in one binary WebSocket message. */
export function decodePacket(bytes: Uint8Array): Packet | ViolationName {
  const end = bytes.length;
  const kind = bytes[0];
  if (kind === undefined) return 'empty-packet';
  if (kind === PacketKind.hello || kind === PacketKind.welcome) {
    if (end > MAX_HELLO_BYTES) return 'hello-too-big';
    return { kind: kind === PacketKind.hello ? 'hello' : 'welcome', body: bytes.subarray(1) };
  }
  if (kind >> 1 !== PacketKind.stream >> 1) return 'unknown-packet';
  const reader = new VarintReader(bytes, 1);
  const ack = reader.next();
  const hasSlice = reader.at < end;
  const offset = hasSlice ? reader.next() : 0;
  if (reader.fault) return 'bad-varint';
  if (hasSlice && reader.at === end) return 'empty-slice';
  return { kind: 'stream', ackNow: kind > PacketKind.stream, ack, offset, slice: bytes.subarray(reader.at) };
}

/** Bytes of a STREAM packet before its slice. */
export function streamHeaderBytes(ack: number, offset: number): number {
  return 1 + varintBytes(ack) + varintBytes(offset);
}

/** Writes what comes before the slice of a STREAM packet at index 0 of `target`, and returns its length. */
export function writeStreamHeader(target: Uint8Array, ackNow: boolean, ack: number, offset: number): number {
  target[0] = PacketKind.stream | Number(ackNow);
  return writeVarint(target, writeVarint(target, 1, ack), offset);
}

/** A whole STREAM packet without a slice: a pure ACK; with `ackNow` a probe, which is answered at once. */
export function encodeAck(ackNow: boolean, ack: number): Uint8Array {
  // the kind is below 64, and so is its own varint
  return joinBytes(noBytes, [PacketKind.stream | Number(ackNow), ack], noBytes);
}
