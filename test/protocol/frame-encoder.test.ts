import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFlag } from '../../src/protocol/frame.ts';
import { dataHeadBytes, encodeControl, encodeFields, writeDataHead } from '../../src/protocol/frame-encoder.ts';
import { anyControl, anyData, anyFields } from './arbitraries.ts';
import { naiveWriteFields, naiveWriteFrame } from './naive-codec.ts';
import { readPieces } from './recording-sink.ts';
import type { DataVector, FrameVector } from './vectors.ts';
import { frameVectors, fromHex, toHex } from './vectors.ts';

function encodeData({ channel, first, fin, text, total, fields, payload }: DataVector): Uint8Array {
  const bytes = fromHex(payload);
  const block = fields && encodeFields(fields);
  const head = dataHeadBytes(channel, bytes.length, total, block?.length ?? 0);
  const target = new Uint8Array(3 + head + bytes.length);
  const flags = (first ? DataFlag.first : 0) | (fin ? DataFlag.fin : 0) | (text ? DataFlag.text : 0);
  expect(writeDataHead(target, 3, channel, flags, bytes.length, total, block)).toBe(3 + head);
  target.set(bytes, 3 + head);
  return target.subarray(3);
}

const encodeFrame = (frame: FrameVector): Uint8Array =>
  frame.type === 'data' ? encodeData(frame) : encodeControl(frame);

describe('the frame encoder', () => {
  it.each(frameVectors.valid.filter(({ minimal }) => minimal !== false))('writes $meaning', ({ hex, frames }) => {
    expect(frames.map((frame) => toHex(encodeFrame(frame))).join('')).toBe(hex);
  });

  it('any DATA frame is written as the naive codec writes it, in dataHeadBytes bytes before its payload', () => {
    fc.assert(
      fc.property(anyData, (frame) => {
        expect(toHex(encodeData(frame))).toBe(toHex(naiveWriteFrame(frame)));
      }),
    );
  });

  it('any control frame is written as the naive codec writes it, and read back', () => {
    fc.assert(
      fc.property(anyControl, (frame) => {
        const bytes = encodeControl(frame);
        expect(toHex(bytes)).toBe(toHex(naiveWriteFrame(frame)));
        expect(readPieces([bytes])).toEqual({ frames: [frame] });
      }),
    );
  });

  it('any fields are written as the naive codec writes them', () => {
    fc.assert(
      fc.property(anyFields, (fields) => {
        expect(toHex(encodeFields(fields))).toBe(toHex(naiveWriteFields(fields)));
      }),
    );
  });

  it('empty fields are no fields', () => {
    expect(encodeFields({})).toHaveLength(0);
    const target = new Uint8Array(3);
    expect(writeDataHead(target, 0, 0, DataFlag.first | DataFlag.fin, 0, undefined, encodeFields({}))).toBe(3);
    expect(toHex(target)).toBe('430100');
  });

  it('a reason that is too long is cut between characters: at 123 bytes in CLOSE, else at 1024', () => {
    const reason = '€'.repeat(2000);
    const kept = (bytes: Uint8Array): unknown => readPieces([bytes]).frames[0];
    expect(kept(encodeControl({ type: 'close', code: 1000, drainMs: 0, reason }))).toMatchObject({
      reason: '€'.repeat(41),
    });
    const message = { channel: 0, ordinal: 0, code: 0, reason };
    expect(kept(encodeControl({ type: 'cancel', ...message }))).toMatchObject({ reason: '€'.repeat(341) });
    expect(kept(encodeControl({ type: 'reject', ...message, value: 0 }))).toMatchObject({ reason: '€'.repeat(341) });
  });

  it('a lone surrogate becomes U+FFFD', () => {
    const frame = readPieces([encodeControl({ type: 'close', code: 1000, drainMs: 0, reason: 'a\ud800b' })]).frames[0];
    expect(frame).toMatchObject({ reason: 'a\ufffdb' });
  });
});
