import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePacket, encodeAck, streamHeaderBytes, writeStreamHeader } from '../../src/protocol/packet.ts';
import type { Packet } from '../../src/protocol/packet.ts';
import type { ViolationName } from '../../src/protocol/violation.ts';
import { naiveReadVarint, naiveVarint, Stop } from './naive-codec.ts';
import { fromHex, packetVectors, toHex } from './vectors.ts';

function streamPacket(ackNow: boolean, ack: number, offset: number, slice: Uint8Array): Uint8Array {
  const packet = new Uint8Array(streamHeaderBytes(ack, offset) + slice.length);
  packet.set(slice, writeStreamHeader(packet, ackNow, ack, offset));
  return packet;
}

function naiveDecode(bytes: readonly number[]): Packet | string {
  const [kind] = bytes;
  if (kind === undefined) return 'empty-packet';
  if (kind === 1 || kind === 2) {
    if (bytes.length > 4096) return 'hello-too-big';
    return { kind: kind === 1 ? 'hello' : 'welcome', body: Uint8Array.from(bytes.slice(1)) };
  }
  if (kind !== 0x10 && kind !== 0x11) return 'unknown-packet';
  try {
    const ack = naiveReadVarint(bytes, 1, 'bad-varint');
    const pure = ack.next === bytes.length;
    const offset = pure ? { value: 0, next: ack.next } : naiveReadVarint(bytes, ack.next, 'bad-varint');
    const slice = Uint8Array.from(bytes.slice(offset.next));
    if (!pure && slice.length === 0) return 'empty-slice';
    return { kind: 'stream', ackNow: kind === 0x11, ack: ack.value, offset: offset.value, slice };
  } catch (stop) {
    if (stop instanceof Stop) return stop.what;
    throw stop;
  }
}

describe('packets', () => {
  it.each(packetVectors.valid)('decodes: $meaning', ({ hex, packet }) => {
    const expected =
      packet.kind === 'stream'
        ? { ...packet, offset: packet.offset ?? 0, slice: fromHex(packet.slice ?? '') }
        : { kind: packet.kind, body: fromHex(packet.body) };
    expect(decodePacket(fromHex(hex))).toEqual(expected);
  });

  it.each(packetVectors.valid.filter(({ minimal }) => minimal !== false))('encodes: $meaning', ({ hex, packet }) => {
    if (packet.kind !== 'stream') return; // handshake.test.ts
    const { ackNow, ack, offset, slice } = packet;
    const isPureAck = offset === undefined || slice === undefined;
    const bytes = isPureAck ? encodeAck(ackNow, ack) : streamPacket(ackNow, ack, offset, fromHex(slice));
    expect(toHex(bytes)).toBe(hex);
  });

  it.each(packetVectors.invalid)('refuses: $meaning', ({ hex, violation }) => {
    expect(decodePacket(fromHex(hex))).toBe(violation);
  });

  it.each([1, 2])('refuses a handshake packet of kind %i over 4096 bytes, and takes one of 4096', (kind) => {
    const { maxBytes, violation } = packetVectors.helloTooBig;
    const packet = new Uint8Array(maxBytes + 1);
    packet[0] = kind;
    expect(decodePacket(packet)).toBe(violation);
    expect(decodePacket(packet.subarray(0, maxBytes))).toMatchObject({ body: { length: maxBytes - 1 } });
  });

  it('hands slices on as views', () => {
    const bytes = streamPacket(false, 70, 80, new Uint8Array(100).fill(7));
    const packet = decodePacket(bytes) as Extract<Packet, { kind: 'stream' }>;
    expect(packet.slice.buffer).toBe(bytes.buffer);
  });

  it('any stream packet is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.maxSafeNat(),
        fc.maxSafeNat(),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        (ackNow, ack, offset, slice) => {
          const packet = streamPacket(ackNow, ack, offset, slice);
          expect([...packet]).toEqual([0x10 + Number(ackNow), ...naiveVarint(ack), ...naiveVarint(offset), ...slice]);
          expect(decodePacket(packet)).toEqual({ kind: 'stream', ackNow, ack, offset, slice });
          const pure = encodeAck(ackNow, ack);
          expect([...pure]).toEqual([0x10 + Number(ackNow), ...naiveVarint(ack)]);
          expect(decodePacket(pure)).toEqual({ kind: 'stream', ackNow, ack, offset: 0, slice: new Uint8Array() });
        },
      ),
    );
  });

  it('any bytes are read as the naive codec reads them', () => {
    const kinds = fc.constantFrom(0x00, 0x01, 0x02, 0x10, 0x11, 0x12, 0x1f, 0x20);
    fc.assert(
      fc.property(fc.option(kinds), fc.uint8Array({ maxLength: 24 }), (kind, rest) => {
        const bytes = kind === null ? rest : Uint8Array.from([kind, ...rest]);
        const decoded: Packet | ViolationName = decodePacket(bytes);
        expect(decoded).toEqual(naiveDecode([...bytes]));
      }),
      { numRuns: 2000 },
    );
  });
});
