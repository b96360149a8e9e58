import { Reader, varintBytes, writeVarint } from '../../src/protocol/bytes.ts';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import { dataHeadBytes, writeDataHead } from '../../src/protocol/frame-encoder.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import { decodePacket, streamHeaderBytes, writeStreamHeader } from '../../src/protocol/packet.ts';
import { expectSame } from './benchmark.ts';
import type { Benchmark } from './benchmark.ts';

/** One of each length, 1, 2, 4 and 8 bytes. */
const VARINTS = [37, 15_293, 494_878_333, Number.MAX_SAFE_INTEGER];
/** So many at a time that reading the clock costs nothing beside them. */
const VARINT_COUNT = 4000;
const FRAME_COUNT = 100;
const PAYLOAD_BYTES = 100;
const WHOLE_FLAGS = DataFlag.first | DataFlag.fin;
const PACKET_COUNT = 1000;
const PACKET_BYTES = 256 * 1024;

export function varintEncode(): Benchmark {
  const values = manyVarints();
  const bytes = varintsTogether(values);
  const target = new Uint8Array(bytes);
  return {
    unit: 'varints/s',
    work: values.length,
    run: () => {
      let at = 0;
      for (const value of values) at = writeVarint(target, at, value);
      expectSame('Bytes written', at, bytes);
    },
  };
}

export function varintDecode(): Benchmark {
  const values = manyVarints();
  const bytes = new Uint8Array(varintsTogether(values));
  let end = 0;
  for (const value of values) end = writeVarint(bytes, end, value);
  const sum = values.reduce((before, value) => before + value, 0);
  return {
    unit: 'varints/s',
    work: values.length,
    run: () => {
      const reader = new Reader(bytes, 0);
      let read = 0;
      while (reader.at < end) read += reader.varint();
      expectSame('Sum of what was read', read, sum);
    },
  };
}

/** Heads and payload of small messages, as the mux writes them into a packet. */
export function frameEncode(): Benchmark {
  const payload = new Uint8Array(PAYLOAD_BYTES).fill(7);
  const target = new Uint8Array(smallFramesBytes());
  return {
    unit: 'frames/s',
    work: FRAME_COUNT,
    run: () => {
      expectSame('Bytes written', writeSmallFrames(target, 0, payload), target.length);
    },
  };
}

/** A packet of small messages, down to their payload. */
export function frameDecode(): Benchmark {
  const headerBytes = streamHeaderBytes(0, 0);
  const packet = new Uint8Array(headerBytes + smallFramesBytes());
  writeSmallFrames(packet, writeStreamHeader(packet, false, 0, 0), new Uint8Array(PAYLOAD_BYTES).fill(7));
  let payloadBytes = 0;
  let frames = 0;
  const decoder = new FrameDecoder({
    dataStart: () => undefined,
    dataPayload: (bytes) => {
      payloadBytes += bytes.length;
      return undefined;
    },
    dataEnd: () => {
      frames++;
      return undefined;
    },
    control: () => 'unexpected-frame',
  });
  return {
    unit: 'frames/s',
    work: FRAME_COUNT,
    run: () => {
      payloadBytes = frames = 0;
      expectSame('Violation', decoder.push(sliceOf(packet)), undefined);
      expectSame('Frames', frames, FRAME_COUNT);
      expectSame('Bytes of payload', payloadBytes, FRAME_COUNT * PAYLOAD_BYTES);
    },
  };
}

/** The packet alone, whose slice is a view: the same for every size, unless somebody copies. */
export function packetDecode(): Benchmark {
  const packet = new Uint8Array(PACKET_BYTES);
  const headerBytes = writeStreamHeader(packet, false, 123_456, 7_890_123);
  return {
    unit: 'packets/s',
    work: PACKET_COUNT,
    run: () => {
      let bytes = 0;
      for (let count = 0; count < PACKET_COUNT; count++) bytes += sliceOf(packet).length;
      expectSame('Bytes of slices', bytes, PACKET_COUNT * (PACKET_BYTES - headerBytes));
    },
  };
}

function manyVarints(): number[] {
  return Array.from({ length: VARINT_COUNT }, (_, index) => VARINTS[index % VARINTS.length] as number);
}

function varintsTogether(values: readonly number[]): number {
  return values.reduce((bytes, value) => bytes + varintBytes(value), 0);
}

function smallFramesBytes(): number {
  return FRAME_COUNT * (dataHeadBytes(0, PAYLOAD_BYTES, undefined, 0) + PAYLOAD_BYTES);
}

function writeSmallFrames(target: Uint8Array, at: number, payload: Uint8Array): number {
  for (let count = 0; count < FRAME_COUNT; count++) {
    at = writeDataHead(target, at, 0, WHOLE_FLAGS, payload.length, undefined, undefined);
    target.set(payload, at);
    at += payload.length;
  }
  return at;
}

function sliceOf(bytes: Uint8Array): Uint8Array {
  const packet = decodePacket(bytes);
  if (typeof packet === 'string' || packet.kind !== 'stream') throw new Error('This is no STREAM packet.');
  return packet.slice;
}
