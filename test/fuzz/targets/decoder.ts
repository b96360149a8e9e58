import { pack } from '../../../src/protocol/bytes.ts';
import { encodeControl, encodeFields } from '../../../src/protocol/frame-encoder.ts';
import { FrameDecoder } from '../../../src/protocol/frame-decoder.ts';
import type { FrameSink } from '../../../src/protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../../src/protocol/frame.ts';
import { decodeHello, encodeHello } from '../../../src/protocol/hello.ts';
import { MAX_HELLO_BYTES } from '../../../src/protocol/limits.ts';
import { decodePacket, writeStreamHeader } from '../../../src/protocol/packet.ts';
import { decodeWelcome, encodeWelcome } from '../../../src/protocol/welcome.ts';
import { naiveReadStream } from '../../protocol/naive-codec.ts';
import { readPieces } from '../../protocol/recording-sink.ts';
import { allocations } from '../engine/allocations.ts';
import { check } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';
import { FrameDigest } from '../frame-digest.ts';
import { scriptFrame } from '../frame-script.ts';
import type { FrameFacts } from '../frame-script.ts';
import { scriptHello, scriptWelcome } from '../handshake-script.ts';
import { Tape } from '../tape.ts';
import { decoderTokens } from './decoder-tokens.ts';

const FACTS: FrameFacts = { nextNumber: 2, openedByOther: 2, maxPayloadBytes: 400 };
/** One head that was cut is kept and joined with what follows: a few times the longest. */
const KEPT_BYTES = 4 * (9 + 4096);

/**
 * Everything that takes a peer's bytes before a session does: packets, HELLO, WELCOME, and the frames of a stream, whole
 * and in pieces. Its first byte says which.
 */
export const target: Target = {
  maxBytes: 9000,
  tokens: decoderTokens,
  run(input) {
    const tape = new Tape(input);
    switch (tape.below(7)) {
      case 0:
        checkPacket(tape.rest());
        return undefined;
      case 1: {
        const pieces = tape.byte();
        checkStream(tape.rest(), pieces);
        return undefined;
      }
      case 2: {
        const pieces = tape.byte();
        const frames: Uint8Array[] = [];
        while (!tape.isOver && frames.length < 24) {
          tape.cut();
          frames.push(scriptFrame(tape, FACTS));
        }
        checkStream(pack(...frames), pieces);
        return tape.cuts;
      }
      case 3:
        checkPacket(pack(1, JSON.stringify(scriptHello(tape))));
        return tape.cuts;
      case 4:
        checkPacket(pack(2, JSON.stringify(scriptWelcome(tape))));
        return tape.cuts;
      case 5:
        checkPacket(pack(1, tape.rest()));
        return undefined;
      default:
        checkPacket(pack(2, tape.rest()));
        return undefined;
    }
  },
};

function checkPacket(bytes: Uint8Array): void {
  const before = allocations.bytes;
  const packet = decodePacket(bytes);
  check(allocations.bytes === before, 'a packet is decoded without a copy');
  if (typeof packet === 'string') return;
  if (packet.kind === 'stream') {
    const { ackNow, ack, offset, slice } = packet;
    check(Number.isSafeInteger(ack) && Number.isSafeInteger(offset), 'counts are integers');
    check(slice.buffer === bytes.buffer && slice.length < bytes.length, 'a slice is a view of the packet');
    const header = new Uint8Array(32);
    const end = writeStreamHeader(header, ackNow, ack, offset);
    if (slice.length > 0) {
      const again = decodePacket(pack(header.subarray(0, end), slice));
      check(JSON.stringify(again) === JSON.stringify(packet), 'a packet says the same when it is written again');
      checkStream(slice, ack);
    }
    return;
  }
  check(packet.body.length < MAX_HELLO_BYTES, 'a handshake is small');
  checkHello(packet.body);
  checkWelcome(packet.body);
}

function checkHello(body: Uint8Array): void {
  const hello = decodeHello(body);
  if (typeof hello === 'string' || 'unsupported' in hello) return;
  check(allInteger([hello.received, hello.streamEnd, hello.connection, hello.poolBytes]), 'counts are integers');
  checkAgain(hello, encodeHello(hello), decodeHello);
}

function checkWelcome(body: Uint8Array): void {
  const welcome = decodeWelcome(body);
  if (typeof welcome === 'string') return;
  checkAgain(welcome, encodeWelcome(welcome), decodeWelcome);
}

function allInteger(values: readonly unknown[]): boolean {
  return values.every((value) => Number.isSafeInteger(value));
}

function checkAgain(value: unknown, bytes: Uint8Array, decode: (body: Uint8Array) => unknown): void {
  const packet = decodePacket(bytes);
  // Numbers can be longer when they are written again.
  if (packet === 'hello-too-big') return;
  check(typeof packet === 'object' && packet.kind !== 'stream', 'a handshake that was written is one');
  check(
    JSON.stringify(decode(packet.body)) === JSON.stringify(value),
    'a handshake says the same when it is written again',
  );
}

function checkStream(bytes: Uint8Array, pieces: number): void {
  const before = allocations.bytes;
  const sink = new HeadCollector();
  const decoder = new FrameDecoder(sink);
  const violation = decoder.push(bytes);
  check(allocations.bytes - before <= KEPT_BYTES, 'frames that are not cut are decoded without a copy');
  if (violation !== undefined) {
    check(decoder.push(bytes) === violation, 'a violation is the answer to every later push');
  }
  for (const head of sink.heads) checkHead(head, bytes.length, (pieces & 6) === 0);

  // The costly ones not each time: what leads there is near what does not.
  const parts = cut(bytes, pieces);
  if ((pieces & 1) === 0) check(digest([bytes]) === digest(parts), 'a stream is read alike however it is cut');
  if ((pieces & 31) === 0) {
    const plain = naiveReadStream([...bytes]);
    const split = readPieces(parts);
    check(
      sorted(plain) === sorted(split),
      () => `read as ${sorted(split)} and, by the plain codec, as ${sorted(plain)}`,
    );
  }
}

/** Keeps heads and control frames. */
class HeadCollector implements FrameSink {
  readonly heads: (DataHead | ControlFrame)[] = [];

  dataStart(head: DataHead): undefined {
    this.heads.push(head);
  }

  dataPayload(): undefined {
    // Of no interest here.
  }

  dataEnd(): undefined {
    // Nor is this.
  }

  control(frame: ControlFrame): undefined {
    this.heads.push(frame);
  }
}

function digest(pieces: readonly Uint8Array[]): string {
  const sink = new FrameDigest();
  const decoder = new FrameDecoder(sink);
  let violation: string | undefined;
  for (const piece of pieces) {
    const answer = decoder.push(piece);
    check(violation === undefined || answer === violation, 'a violation is the answer to every later push');
    violation = answer;
  }
  return `${sink.value} ${violation ?? ''}`;
}

function checkHead(head: DataHead | ControlFrame, length: number, isThorough: boolean): void {
  if ('type' in head) {
    const members = Object.values(head).filter((value) => typeof value === 'number');
    check(allInteger(members), 'members are integers');
    if (!isThorough) return;
    const before = new FrameDigest();
    before.control(head);
    check(digest([encodeControl(head)]) === `${before.value} `, 'a frame says the same when it is written again');
    return;
  }
  check(allInteger([head.channel, head.payloadBytes, head.fieldsBytes, head.total ?? 0]), 'counts are integers');
  check(head.fieldsBytes <= length, 'fields are not longer than the bytes they are in');
  if (head.fields !== undefined && isThorough) {
    const json = JSON.stringify(head.fields);
    // An escape stands for at most six times its bytes.
    check(json.length <= 6 * head.fieldsBytes + 200, 'fields are not longer than what they were read from');
    check(encodeFields(head.fields).length <= 6 * head.fieldsBytes + 200, 'nor are they when they are written again');
  }
}

/** In pieces of lengths that follow from `pattern`; 0 stands for single bytes. */
function cut(bytes: Uint8Array, pattern: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let state = pattern;
  for (let at = 0; at < bytes.length;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const length = pattern === 0 && bytes.length < 300 ? 1 : 1 + ((state >>> 16) % (pattern % 7 === 0 ? 600 : 24));
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/** The same text for the same content, whatever the order of its members. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
