import { writeStreamHeader } from '../../../src/protocol/packet.ts';
import type { Pair, Side } from './pair.ts';

/**
 * Hands stream bytes to `side` as if its peer had written them there and then. The peer knows nothing of it, so that it
 * cannot say anything on this connection afterwards.
 */
export function inject(pair: Pair, side: Side, slice: Uint8Array, ack: number = pair[side].link.acked): void {
  const header = new Uint8Array(32);
  const end = writeStreamHeader(header, false, ack, pair[side].link.received);
  const packet = new Uint8Array(end + slice.length);
  packet.set(header.subarray(0, end));
  packet.set(slice, end);
  pair[side].receive(packet, pair.nowMs);
  pair.collect();
}
