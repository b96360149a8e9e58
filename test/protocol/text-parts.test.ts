import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText, decodeTextParts } from '../../src/protocol/text.ts';

/** All of `bytes`, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
}

const places = fc.array(fc.nat(), { maxLength: 8 });

test('text in pieces is what it is as a whole, wherever it is cut', () => {
  const unit = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constant('\ufeff'),
  );
  const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
  fc.assert(
    fc.property(text, places, (whole, at) => {
      expect(decodeTextParts(cut(new TextEncoder().encode(whole), at))).toBe(whole);
    }),
  );
});

test('and what is not UTF-8 is none in pieces either', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.array(fc.constantFrom(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f), { maxLength: 12 }),
  );
  fc.assert(
    fc.property(bytes, places, (some, at) => {
      const whole = Uint8Array.from(some);
      expect(decodeTextParts(cut(whole, at))).toBe(decodeText(whole));
    }),
    { numRuns: 2000 },
  );
});
