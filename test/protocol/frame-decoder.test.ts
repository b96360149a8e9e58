import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import type { FrameSink } from '../../src/protocol/frame-decoder.ts';
import type { DataHead } from '../../src/protocol/frame.ts';
import { anyFrame, anySplit } from './arbitraries.ts';
import { naiveReadStream, naiveVarint, naiveWriteFrame } from './naive-codec.ts';
import { readPieces, RecordingSink } from './recording-sink.ts';
import { frameVectors, fromHex } from './vectors.ts';

const singly = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** Frames, some of them damaged by a changed, an added or a missing byte, some not known, then any bytes. */
const anyStream = fc
  .record({
    frames: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: anyFrame.map(naiveWriteFrame) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.constantFrom(0, 9, 0x3f, 0x80, 0xff), fc.uint8Array({ maxLength: 90 }))
            .map(([type, body]) => [type, ...naiveVarint(body.length), ...body]),
        },
      ),
      { maxLength: 8 },
    ),
    damage: fc.option(
      fc.record({ at: fc.nat({ max: 400 }), remove: fc.nat({ max: 2 }), insert: fc.uint8Array({ maxLength: 2 }) }),
    ),
    tail: fc.uint8Array({ maxLength: 12 }),
  })
  .map(({ frames, damage, tail }) => {
    const bytes = [...frames.flat(), ...tail];
    if (damage) bytes.splice(damage.at, damage.remove, ...damage.insert);
    return Uint8Array.from(bytes);
  });

describe('FrameDecoder', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  describe.each([
    ['in one piece', (bytes: Uint8Array) => [bytes]],
    ['byte by byte', singly],
  ])('%s', (_, cut) => {
    it.each(frameVectors.valid)('reads $meaning', ({ hex, frames }) => {
      expect(readPieces(cut(fromHex(hex)))).toEqual({ frames });
    });

    it.each(frameVectors.invalid)('refuses with $violation: $meaning', ({ hex, frames, violation }) => {
      expect(readPieces(cut(fromHex(hex)))).toEqual({ frames, violation });
    });
  });

  it.each(frameVectors.splits)('reads pieces: $meaning', ({ pieces, frames }) => {
    expect(readPieces(pieces.map(fromHex))).toEqual({ frames });
  });

  it.each([...frameVectors.valid, ...frameVectors.invalid])('agrees with the naive codec on $meaning', ({ hex }) => {
    const bytes = fromHex(hex);
    expect(readPieces([bytes])).toEqual(naiveReadStream([...bytes]));
  });

  it('any stream in any pieces is read as the naive codec reads it whole', () => {
    fc.assert(
      fc.property(
        anyStream.chain((bytes) => fc.tuple(fc.constant(bytes), anySplit(bytes))),
        ([bytes, pieces]) => {
          const expected = naiveReadStream([...bytes]);
          expect(readPieces(pieces)).toEqual(expected);
          expect(readPieces(singly(bytes))).toEqual(expected);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('any bytes in any pieces never throw, and take no more memory than a head', () => {
    let mostBytes = 0;
    const original = Uint8Array;
    const note = (bytes: number): void => {
      mostBytes = Math.max(mostBytes, bytes);
    };
    fc.assert(
      fc.property(
        fc
          .oneof(fc.uint8Array({ maxLength: 300 }), anyStream)
          .chain((bytes) => fc.tuple(fc.constant(bytes), anySplit(bytes))),
        ([bytes, pieces]) => {
          const expected = naiveReadStream([...bytes]);
          vi.stubGlobal(
            'Uint8Array',
            new Proxy(original, {
              construct(target, [length]: [number]) {
                note(length);
                return new target(length);
              },
            }),
          );
          const slice = vi.spyOn(original.prototype, 'slice');
          const told = readPieces(pieces);
          for (const { value } of slice.mock.results) note((value as Uint8Array).length);
          vi.unstubAllGlobals();
          vi.restoreAllMocks();
          expect(told).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
    // what is kept, and as much again to join it with
    expect(mostBytes).toBeLessThanOrEqual(2 * (9 + 4096));
  });

  it('keeps nothing of a head over its bounds: it is refused as soon as its length is known', () => {
    for (const hex of ['02', '06']) {
      const decoder = new FrameDecoder(new RecordingSink());
      expect(decoder.push(Uint8Array.from([...fromHex(hex), ...naiveVarint(4097)]))).toBe('control-too-big');
    }
    const decoder = new FrameDecoder(new RecordingSink());
    expect(decoder.push(Uint8Array.from([0x51, ...naiveVarint(1e9), 0, ...naiveVarint(2305)]))).toBe('fields-too-big');
  });

  it('hands payload on as views, as it comes', () => {
    const sink = new RecordingSink();
    const decoder = new FrameDecoder(sink);
    const first = Uint8Array.from([0x41, ...naiveVarint(1 + 5_000_000), 0, 1, 2, 3]);
    expect(decoder.push(first)).toBeUndefined();
    expect(sink.payloads.map(({ length }) => length)).toEqual([3]);
    expect(sink.payloads[0]?.buffer).toBe(first.buffer);
    const second = new Uint8Array(1_000_000);
    expect(decoder.push(second)).toBeUndefined();
    expect(sink.payloads[1]).toMatchObject({ length: 1_000_000, buffer: second.buffer });
  });

  it('skips a frame of 2^53-1 bytes as it streams', () => {
    const decoder = new FrameDecoder(new RecordingSink());
    expect(decoder.push(Uint8Array.from([0x80, ...naiveVarint(Number.MAX_SAFE_INTEGER)]))).toBeUndefined();
    for (let index = 0; index < 10; index++) expect(decoder.push(new Uint8Array(100_000))).toBeUndefined();
  });

  it('knows the payload of a frame of 2^53-1 bytes to the byte, wherever the frame begins', () => {
    const payloads = [0, 1, 2, 3].map((before) => {
      const heads: DataHead[] = [];
      const sink = Object.assign(new RecordingSink(), { dataStart: (head: DataHead) => void heads.push(head) });
      const skipped = [0x80, before, ...new Array<number>(before).fill(0)];
      const frame = [0x43, ...naiveVarint(Number.MAX_SAFE_INTEGER), 0];
      expect(new FrameDecoder(sink).push(Uint8Array.from([...skipped, ...frame]))).toBeUndefined();
      return heads.map(({ payloadBytes }) => payloadBytes);
    });
    expect(payloads).toEqual(payloads.map(() => [Number.MAX_SAFE_INTEGER - 1]));
  });

  it.each<[keyof FrameSink, string]>([
    ['dataStart', '43020078'],
    ['dataPayload', '4303007879'],
    ['dataEnd', '43020078'],
    ['dataEnd', '430100'],
    ['control', '040101'],
  ])('what the sink answers to %s ends the decoding, and is the answer to every later push', (call, hex) => {
    const sink = new RecordingSink();
    sink.refuse = { at: call, with: 'credit-exceeded' };
    const decoder = new FrameDecoder(sink);
    expect(decoder.push(fromHex(hex + '040102'))).toBe('credit-exceeded');
    expect(decoder.push(fromHex('040103'))).toBe('credit-exceeded');
    expect(decoder.push(new Uint8Array())).toBe('credit-exceeded');
    expect(sink.frames).not.toContainEqual({ type: 'retire', channel: 2 });
  });
});
