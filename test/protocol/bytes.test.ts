import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noBytes, pack, packSized, Reader, varintBytes, writeVarint } from '../../src/protocol/bytes.ts';
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
    const reader = new Reader(bytes, 0);
    expect(reader.varint()).toBe(value);
    expect(reader).toMatchObject({ at: bytes.length, fault: undefined });
    expect(toHex(written(value)) === hex).toBe(minimal);
  });

  it.each(varintVectors.tooBig)('$meaning is too big', ({ hex }) => {
    const reader = new Reader(fromHex(hex), 0);
    expect(reader.varint()).toBe(NaN);
    expect(reader).toMatchObject({ at: NaN, fault: 'bad-varint' });
  });

  it.each(varintVectors.incomplete)('an integer of which there is $meaning is incomplete', ({ hex }) => {
    const reader = new Reader(fromHex(hex), 0);
    reader.cut = 'bad-frame';
    expect(reader.varint()).toBe(NaN);
    expect(reader).toMatchObject({ at: NaN, fault: 'bad-frame' });
  });

  it('any integer is written as the naive codec writes it, in varintBytes bytes, and read back', () => {
    fc.assert(
      fc.property(anyCount, (value) => {
        const bytes = written(value);
        expect(toHex(bytes)).toBe(toHex(naiveVarint(value)));
        expect(varintBytes(value)).toBe(bytes.length);
        expect(new Reader(bytes, 0).varint()).toBe(value);
      }),
    );
  });

  it('any 62-bit integer above 2^53-1 is refused', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n - 1n }), (value) => {
        const reader = new Reader(Uint8Array.from(naiveVarint(value, 8)), 0);
        expect(reader.varint()).toBe(NaN);
        expect(reader.fault).toBe('bad-varint');
      }),
    );
  });

  it('a reader ends where it is told to, also where more bytes follow', () => {
    const reader = new Reader(fromHex('40254025'), 0);
    reader.end = 3;
    reader.cut = 'bad-frame';
    expect(reader.varint()).toBe(37);
    expect(reader.varint()).toBe(NaN);
    expect(reader.fault).toBe('bad-frame');
  });

  it('a reader keeps its first fault, and reads nothing behind it', () => {
    const reader = new Reader(fromHex('0102'), 0);
    reader.cut = 'bad-frame';
    expect(reader.bytes(3)).toHaveLength(0);
    expect(reader.varint()).toBe(NaN);
    expect(reader.bytes(1)).toHaveLength(0);
    expect(reader.fail('empty-data')).toBe(NaN);
    expect(reader).toMatchObject({ at: NaN, fault: 'bad-frame' });
  });

  it('a reader of which more is to come has no fault where the bytes end', () => {
    const reader = new Reader(fromHex('40'), 0);
    expect(reader.varint()).toBe(NaN);
    expect(reader.fail('bad-frame')).toBe(NaN);
    expect(reader.fault).toBeUndefined();
  });

  it('a writer touches no byte but those of the integer', () => {
    const target = new Uint8Array(6).fill(0xee);
    expect(writeVarint(target, 1, 16384)).toBe(5);
    expect(toHex(target)).toBe('ee80004000ee');
  });

  it('packs bytes, integers and text', () => {
    expect(toHex(pack(fromHex('aabb'), 1, 300, fromHex('cc'), 'é', noBytes, ''))).toBe('aabb01412cccc3a9');
    expect(pack()).toHaveLength(0);
    expect(toHex(packSized(9, 300, 'a'))).toBe('0903412c61');
  });
});
