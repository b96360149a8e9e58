import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteParts } from '../../src/session/mux/byte-parts.ts';
import { bufferBytes } from '../support/collect-garbage.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

const KIB = 1024;

/** A slice as a packet holds it: behind some head, and before what follows. */
function sliceOf(bytes: Uint8Array, headBytes: number, tailBytes: number): Uint8Array {
  const packet = new Uint8Array(headBytes + bytes.length + tailBytes);
  packet.set(bytes, headBytes);
  return packet.subarray(headBytes, headBytes + bytes.length);
}

/** Overwrites the buffer, and detaches it, as a byte stream does. */
function spoil({ buffer }: Uint8Array<ArrayBuffer>): void {
  new Uint8Array(buffer).fill(0xee);
  structuredClone(buffer, { transfer: [buffer] });
}

/** All that is left, part by part; each buffer is spoilt as soon as it was looked at. */
function drain(parts: ByteParts): Uint8Array {
  const all: Uint8Array[] = [];
  for (let part = parts.shift(); part; part = parts.shift()) {
    all.push(part.slice());
    spoil(part);
  }
  return Buffer.concat(all);
}

describe('ByteParts', () => {
  test('join gives all of it, in a buffer of its own, wherever on the way room was reserved for it', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lengths, fc.nat(12), (all, reservedAt) => {
        const bytes = patternBytes(all.reduce((sum, length) => sum + length, 0));
        const parts = new ByteParts();
        let at = 0;
        for (const [index, length] of all.entries()) {
          if (index === reservedAt) parts.reserve(bytes.length);
          parts.add(sliceOf(bytes.subarray(at, (at += length)), 5, 1), false);
          expect(parts.bytes).toBe(at);
        }
        expect(parts.isReserved).toBe(reservedAt < all.length);
        const joined = parts.join();
        expect(Buffer.compare(joined, bytes)).toBe(0);
        if (reservedAt < all.length) expect(joined.length).toBe(joined.buffer.byteLength);
        // What follows begins anew.
        expect(parts.isReserved).toBe(false);
        parts.add(sliceOf(bytes, 5, 1), false);
        expect(Buffer.compare(drain(parts), bytes)).toBe(0);
      }),
    );
  });

  test.each([1, 4])('a block that is full is the taker’s alone, who may detach it (%i)', (count) => {
    const parts = new ByteParts();
    for (let round = 0; round < count; round++) {
      const bytes = patternBytes(16 * KIB, round);
      for (let at = 0; at < bytes.length; at += KIB) parts.add(sliceOf(bytes.subarray(at, at + KIB), 5, 1), false);
      expect(Buffer.compare(drain(parts), bytes)).toBe(0);
    }
    parts.add(sliceOf(patternBytes(100), 5, 1), false);
    expect(Buffer.compare(drain(parts), patternBytes(100))).toBe(0);
  });

  test('gives back what was added, in order, whatever the sizes, and no two parts share a buffer', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('add' as const),
          byteLength: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 40_000 })),
          headBytes: fc.constantFrom(0, 5, 64, 65, 3000),
          tailBytes: fc.constantFrom(0, 0, 1, 5000),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('join' as const, 'clear' as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const parts = new ByteParts();
        let expected = Buffer.alloc(0);
        for (const [index, one] of steps.entries()) {
          if (one.kind === 'add') {
            const bytes = patternBytes(one.byteLength, index + 1);
            parts.add(sliceOf(bytes, one.headBytes, one.tailBytes), false);
            expected = Buffer.concat([expected, bytes]);
          } else if (one.kind === 'shift') {
            const part = parts.shift();
            const length = part?.length ?? 0;
            expect(length > 0).toBe(expected.length > 0);
            expect(Buffer.compare(part ?? new Uint8Array(), expected.subarray(0, length))).toBe(0);
            // Whoever got it may do with the whole of its buffer as he likes.
            if (part !== undefined) spoil(part);
            expected = expected.subarray(length);
          } else if (one.kind === 'join') {
            expect(Buffer.compare(parts.join(), expected)).toBe(0);
            expected = Buffer.alloc(0);
          } else {
            parts.clear();
            expected = Buffer.alloc(0);
          }
          expect(parts.bytes).toBe(expected.length);
        }
        expect(Buffer.compare(drain(parts), expected)).toBe(0);
        expect(parts.bytes).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('joined in one piece, what was the last slice is not copied', () => {
    const parts = new ByteParts();
    const only = sliceOf(patternBytes(100), 10, 10);
    parts.add(only, true);
    expect(parts.join().buffer).toBe(only.buffer);
    parts.add(patternBytes(10), false);
    parts.add(patternBytes(20), true);
    expect(parts.join()).toHaveLength(30);
  });

  test('forgets what was taken, also while there is always something left', () => {
    const parts = new ByteParts();
    const before = bufferBytes();
    parts.add(patternBytes(64 * KIB), false);
    for (let count = 0; count < 1000; count++) {
      parts.add(patternBytes(64 * KIB), false);
      parts.shift();
    }
    expect(parts.bytes).toBe(64 * KIB);
    expect(bufferBytes() - before).toBeLessThan(2048 * KIB);
  });

  test('keeps no large buffer alive for a small slice of it', () => {
    const parts = new ByteParts();
    const before = bufferBytes();
    for (let count = 0; count < 500; count++) parts.add(sliceOf(patternBytes(100), 10, 60 * KIB), false);
    expect(bufferBytes() - before).toBeLessThan(200 * KIB);
    expect(drain(parts)).toHaveLength(50_000);
  });

  test('nothing added is nothing to take', () => {
    const parts = new ByteParts();
    for (const isTakenAtOnce of [false, true]) parts.add(new Uint8Array(), isTakenAtOnce);
    expect([parts.bytes, parts.shift(), parts.join().length]).toEqual([0, undefined, 0]);
  });
});
