import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { applyMask, decodeCloseBody, encodeCloseFrame } from '../support/fault-proxy/close-frame.ts';
import { type FrameHeader, FrameScanner, type FrameVerdict } from '../support/fault-proxy/frame-scanner.ts';

const KEY = Buffer.from([9, 8, 7, 6]);

interface Sample {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

function encode({ opcode, isFinal, isMasked, payload }: Sample): Buffer {
  const first = Buffer.from([(isFinal ? 0x80 : 0) | opcode]);
  const mask = isMasked ? 0x80 : 0;
  let length: Buffer;
  if (payload.length < 126) length = Buffer.from([mask | payload.length]);
  else if (payload.length < 65_536) length = Buffer.from([mask | 126, payload.length >> 8, payload.length & 0xff]);
  else {
    length = Buffer.alloc(9, mask | 127);
    length.writeBigUInt64BE(BigInt(payload.length), 1);
  }
  return Buffer.concat([first, length, ...(isMasked ? [KEY, applyMask(payload, KEY)] : [payload])]);
}

/** Cuts bytes at the given places (taken modulo what is left). */
function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (const size of sizes) {
    chunks.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return [...chunks, rest];
}

function run(
  chunks: Buffer[],
  verdict: (header: FrameHeader) => FrameVerdict,
): { out: Buffer; seen: FrameHeader[]; held: Buffer[] } {
  const seen: FrameHeader[] = [];
  const held: Buffer[] = [];
  const scanner = new FrameScanner({
    header: (header) => {
      seen.push(header);
      return verdict(header);
    },
    held: (_header, payload, raw) => {
      held.push(payload);
      return raw;
    },
    frameEnd: () => undefined,
  });
  const out = Buffer.concat(chunks.flatMap((chunk) => scanner.scan(chunk)));
  expect(scanner.isMidFrame).toBe(false);
  return { out, seen, held };
}

const sample = fc.record({
  opcode: fc.constantFrom(0, 1, 2, 8, 9),
  isFinal: fc.boolean(),
  isMasked: fc.boolean(),
  payload: fc.constantFrom(0, 1, 5, 125, 126, 300, 65_535, 65_536).map((length) => Buffer.alloc(length, length & 0xff)),
});

describe('a frame scanner', () => {
  it('finds the same frames however the bytes are split, and passes them unchanged', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 8 }), fc.array(fc.nat(400)), (samples, sizes) => {
        const bytes = Buffer.concat(samples.map(encode));
        const { out, seen, held } = run(split(bytes, sizes), ({ opcode }) => (opcode === 8 ? 'hold' : 'pass'));
        expect(out.equals(bytes)).toBe(true);
        expect(seen).toEqual(
          samples.map(({ opcode, isFinal, isMasked, payload }) => ({
            opcode,
            isFinal,
            isMasked,
            payloadBytes: payload.length,
          })),
        );
        expect(held).toEqual(
          samples.filter((each) => each.opcode === 8 && each.payload.length <= 125).map((each) => each.payload),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('drops whole frames and nothing else', () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 8 }), fc.array(fc.nat(400)), (samples, sizes) => {
        const bytes = Buffer.concat(samples.map(encode));
        const { out } = run(split(bytes, sizes), ({ opcode }) => (opcode === 2 ? 'drop' : 'pass'));
        expect(out.equals(Buffer.concat(samples.filter((each) => each.opcode !== 2).map(encode)))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('passes big chunks on without copying them', () => {
    const chunk = encode({ opcode: 2, isFinal: true, isMasked: false, payload: Buffer.alloc(100_000) });
    const scanner = new FrameScanner({ header: () => 'pass', held: () => undefined, frameEnd: () => undefined });
    expect(scanner.scan(chunk)[0]).toBe(chunk);
  });

  it('knows when it is within a frame', () => {
    const scanner = new FrameScanner({ header: () => 'pass', held: () => undefined, frameEnd: () => undefined });
    const bytes = encode({ opcode: 2, isFinal: true, isMasked: true, payload: Buffer.alloc(10) });
    expect(scanner.scan(bytes.subarray(0, 3))).toEqual([]);
    expect(scanner.isMidFrame).toBe(false);
    scanner.scan(bytes.subarray(3, 8));
    expect(scanner.isMidFrame).toBe(true);
    scanner.scan(bytes.subarray(8));
    expect(scanner.isMidFrame).toBe(false);
  });
});

describe('a Close frame', () => {
  it.each([true, false])('is read as it was written (masked: %s)', (isMasked) => {
    const frame = encodeCloseFrame({ code: 4321, reason: 'Grüße' }, isMasked);
    const { held } = run([frame], () => 'hold');
    expect(held.map(decodeCloseBody)).toEqual([{ code: 4321, reason: 'Grüße' }]);
  });

  it('without a code is 1005', () => {
    expect(encodeCloseFrame({ code: 1005, reason: '' }, false)).toEqual(Buffer.from([0x88, 0]));
    expect(decodeCloseBody(Buffer.alloc(0))).toEqual({ code: 1005, reason: '' });
  });

  it('takes a reason of 123 bytes and no more', () => {
    expect(encodeCloseFrame({ code: 1000, reason: 'x'.repeat(123) }, false)).toHaveLength(127);
    expect(() => encodeCloseFrame({ code: 1000, reason: 'x'.repeat(124) }, false)).toThrow(RangeError);
  });
});
