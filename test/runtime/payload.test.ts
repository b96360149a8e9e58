import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { toSource } from '../../src/runtime/payload.ts';

/** Everything that a source has at once. */
function read(data: unknown): number[] {
  const source = toSource(data);
  const bytes = new Uint8Array(source.readyBytes);
  source.copy(bytes, 0, bytes.length);
  return [...bytes];
}

describe('toSource', () => {
  test('takes buffers of another realm', () => {
    const { buffer, view } = runInContext(
      'const view = new Uint8Array([1, 2, 3]); ({ buffer: view.buffer, view: view.subarray(1) })',
      createContext(),
    ) as { buffer: ArrayBuffer; view: Uint8Array };
    expect(buffer instanceof ArrayBuffer).toBe(false);

    expect(read(buffer)).toEqual([1, 2, 3]);
    expect(read(view)).toEqual([2, 3]);
  });

  test('takes a part of a view', () => {
    const { buffer } = Uint8Array.of(9, 9, 1, 0, 2, 0, 9);
    expect(read(new Uint16Array(buffer.slice(2, 6)))).toEqual([1, 0, 2, 0]);
    expect(read(new DataView(buffer, 2, 3))).toEqual([1, 0, 2]);
  });

  test('encodes text as UTF-8, lone surrogates as U+FFFD', () => {
    expect(read('ü🎉')).toEqual([0xc3, 0xbc, 0xf0, 0x9f, 0x8e, 0x89]);
    expect(read('\ud83c')).toEqual([0xef, 0xbf, 0xbd]);
    expect(read('\ufeffa')).toEqual([0xef, 0xbb, 0xbf, 0x61]);
  });

  test('names what it cannot take', () => {
    expect(() => toSource(null)).toThrow('Cannot send Null');
    expect(() => toSource(new Map())).toThrow('Cannot send Map');
    expect(() => toSource(1)).toThrow('Cannot send Number');
  });
});
