import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyParts, encodeParts } from '../../src/runtime/copy-parts.ts';
import { BytesSource } from '../../src/session/mux/source.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

const PART_BYTES = 256 * 1024;
const join = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

describe('copyParts', () => {
  test.each([0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 7])(
    'copies %i bytes, in pieces of at most 256 KiB',
    (length) => {
      const bytes = patternBytes(length + 3).subarray(3);
      const parts = [copyParts(bytes)].flat();
      expect(parts.length).toBe(Math.max(1, Math.ceil(length / PART_BYTES)));
      expect(parts.every((part) => part.length <= PART_BYTES && part.buffer !== bytes.buffer)).toBe(true);
      expect(Buffer.compare(join(parts), bytes)).toBe(0);
    },
  );
});

describe('small payloads', () => {
  test('share arrays of 2 KiB, whatever becomes of what they were copied from', () => {
    const unit = fc.oneof(fc.string({ unit: 'binary', maxLength: 90 }), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 60 }), (payloads) => {
        const expected = payloads.map((one) =>
          Buffer.from(typeof one === 'string' ? new TextEncoder().encode(one) : one),
        );
        const copies = payloads.map(
          (one) => (typeof one === 'string' ? encodeParts(one) : copyParts(one)) as Uint8Array,
        );
        for (const one of payloads) if (typeof one !== 'string') one.fill(0);
        expect(copies.map((copy) => Buffer.from(copy))).toEqual(expected);
        const shared = copies.filter(({ length, buffer }) => length < buffer.byteLength);
        expect(shared.every(({ length, buffer }) => length <= 256 && buffer.byteLength === 2048)).toBe(true);
      }),
    );
    const [first, second] = [copyParts(Uint8Array.of(1)), copyParts(Uint8Array.of(2))] as [Uint8Array, Uint8Array];
    expect([...first, ...second]).toEqual([1, 2]);
    expect(copyParts(new Uint8Array(257))).toHaveProperty('buffer.byteLength', 257);
  });

  test('count as what they hold themselves', () => {
    expect(new BytesSource(copyParts(new Uint8Array(100)), false).heldBytes).toBe(100);
    expect(new BytesSource(new Uint8Array(8192).subarray(0, 100), false).heldBytes).toBe(8192);
  });
});

describe('encodeParts', () => {
  test.each(['', 'a', 'ä', '漢', '😀', 'a😀', 'ab😀', '\uD83D', '\uDE00\uD83D'])(
    'encodes much of %j as the platform does, wherever it is cut',
    (unit) => {
      const text = unit.repeat(200_001);
      const parts = [encodeParts(text)].flat();
      expect(parts.every(({ length }) => length <= PART_BYTES)).toBe(true);
      expect(Buffer.compare(join(parts), Buffer.from(new TextEncoder().encode(text)))).toBe(0);
    },
  );
});

describe('a source of several pieces', () => {
  test('gives the same bytes however they are asked for, and again after a restart', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(cuts, cuts, (lengths, counts) => {
        const all = patternBytes(lengths.reduce((sum, length) => sum + length, 0));
        let from = 0;
        const parts = lengths.map((length) => all.slice(from, (from += length)));
        const source = new BytesSource(parts, false);
        expect(source.totalBytes).toBe(all.length);
        expect(Buffer.compare(source.whole(), all)).toBe(0);
        expect(source.whole()).toBe(source.whole());
        for (let time = 0; time < 2; time++) {
          const taken: Uint8Array[] = [];
          for (let turn = 0; source.readyBytes > 0; turn++) {
            const count = Math.min(source.readyBytes, 1 + (counts[turn % counts.length] ?? 0));
            const target = new Uint8Array(count + 2);
            source.copy(target, 1, count);
            expect([target[0], target.at(-1)]).toEqual([0, 0]);
            taken.push(target.subarray(1, count + 1));
          }
          expect(Buffer.compare(join(taken), all)).toBe(0);
          source.restart();
        }
      }),
    );
  });
});
