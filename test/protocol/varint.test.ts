import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  joinBytes,
  noBytes,
  VARINT_INCOMPLETE,
  VARINT_TOO_BIG,
  varintBytes,
  VarintReader,
  writeVarint,
} from '../../src/protocol/varint.ts';
import { naiveVarint } from './naive-codec.ts';
import { fromHex, toHex, varintVectors } from './vectors.ts';

const anyCount = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 20_000 }), fc.constantFrom(63, 64, 16383, 16384, 2 ** 30));

function written(value: number): Uint8Array {
  const target = new Uint8Array(20);
  return target.slice(3, writeVarint(target, 3, value));
}

describe('varints', () => {
  it.each(varintVectors.valid)('$hex is $value', ({ hex, value, minimal }) => {
    const bytes = fromHex(hex);
    const reader = new VarintReader(bytes, 0);
    expect(reader.next()).toBe(value);
    expect(reader).toMatchObject({ at: bytes.length, fault: 0 });
    expect(toHex(written(value)) === hex).toBe(minimal);
  });

  it.each(varintVectors.tooBig)('$meaning is too big', ({ hex }) => {
    const reader = new VarintReader(fromHex(hex), 0);
    expect(reader.next()).toBe(VARINT_TOO_BIG);
    expect(reader).toMatchObject({ at: 0, fault: VARINT_TOO_BIG });
  });

  it.each(varintVectors.incomplete)('an integer of which there is $meaning is incomplete', ({ hex }) => {
    const reader = new VarintReader(fromHex(hex), 0);
    expect(reader.next()).toBe(VARINT_INCOMPLETE);
    expect(reader).toMatchObject({ at: 0, fault: VARINT_INCOMPLETE });
  });

  it('any integer is written as the naive codec writes it, in varintBytes bytes, and read back', () => {
    fc.assert(
      fc.property(anyCount, (value) => {
        const bytes = written(value);
        expect(toHex(bytes)).toBe(toHex(naiveVarint(value)));
        expect(varintBytes(value)).toBe(bytes.length);
        expect(new VarintReader(bytes, 0).next()).toBe(value);
      }),
    );
  });

  it('any 62-bit integer above 2^53-1 is refused', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n - 1n }), (value) => {
        expect(new VarintReader(Uint8Array.from(naiveVarint(value, 8)), 0).next()).toBe(VARINT_TOO_BIG);
      }),
    );
  });

  it('a reader ends where it is told to, also where more bytes follow', () => {
    const reader = new VarintReader(fromHex('40254025'), 0);
    reader.end = 3;
    expect(reader.next()).toBe(37);
    expect(reader.next()).toBe(VARINT_INCOMPLETE);
  });

  it('a writer touches no byte but those of the integer', () => {
    const target = new Uint8Array(6).fill(0xee);
    expect(writeVarint(target, 1, 16384)).toBe(5);
    expect(toHex(target)).toBe('ee80004000ee');
  });

  it('joins bytes, integers and bytes', () => {
    expect(toHex(joinBytes(fromHex('aabb'), [1, 300], fromHex('cc')))).toBe('aabb01412ccc');
    expect(joinBytes(noBytes, [], noBytes).length).toBe(0);
  });
});
