import fc from 'fast-check';
import type { ControlFrame, MessageFields } from '../../src/protocol/frame.ts';
import type { DataVector, FrameVector } from './vectors.ts';
import { toHex } from './vectors.ts';

const count = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 200 }) }, { weight: 1, arbitrary: fc.maxSafeNat() });
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
const sessionId = fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), minLength: 21, maxLength: 64 });

export const anyFields: fc.Arbitrary<MessageFields> = fc.record(
  {
    name: text,
    meta: fc.jsonValue({ maxDepth: 2 }).map((value): unknown => JSON.parse(JSON.stringify(value))),
    origin: fc.record({
      mark: fc.constantFrom('partial' as const, 'whole' as const),
      channel: count,
      ordinal: count,
      session: sessionId,
    }),
  },
  { requiredKeys: [] },
);

export const anyControl: fc.Arbitrary<ControlFrame> = fc.oneof(
  fc.record({ type: fc.constant('credit' as const), channel: count, limit: count }),
  fc.record({ type: fc.constant('cancel' as const), channel: count, ordinal: count, code: count, reason: text }),
  fc.record({
    type: fc.constant('reject' as const),
    channel: count,
    ordinal: count,
    code: count,
    value: count,
    reason: text,
  }),
  fc.record({ type: fc.constant('retire' as const), channel: count }),
  fc.record({ type: fc.constant('retired' as const), channel: count }),
  fc.record({
    type: fc.constant('close' as const),
    code: fc.integer({ min: 1000, max: 4999 }),
    drainMs: count,
    reason: fc.string({ maxLength: 40 }),
  }),
  fc.record({ type: fc.constant('goaway' as const), deadlineMs: count }),
  fc.record({ type: fc.constant('limit' as const), floor: count, ceiling: count }),
  fc.record({ type: fc.constant('blocked' as const), channel: count, limit: count }),
);

/** A DATA frame whose fields, where it has any, are not empty. */
export const anyData: fc.Arbitrary<DataVector> = fc
  .record({
    channel: count,
    flags: fc.constantFrom(0, 1, 2, 3, 5, 7),
    total: fc.option(count, { nil: undefined }),
    fields: fc.option(anyFields, { nil: undefined }),
    payload: fc.uint8Array({ maxLength: 200 }),
  })
  .map(({ channel, flags, total, fields, payload }) => {
    const first = (flags & 1) !== 0;
    const hasTotal = first && (flags & 2) === 0 && total !== undefined;
    const hasFields = first && fields !== undefined && Object.keys(fields).length > 0;
    return {
      type: 'data',
      channel,
      first,
      fin: (flags & 2) !== 0,
      text: (flags & 4) !== 0,
      ...(hasTotal && { total }),
      ...(hasFields && { fields, fieldsBytes: 0 }),
      payload: toHex(flags === 0 ? [1, ...payload] : payload),
    };
  });

export const anyFrame: fc.Arbitrary<FrameVector> = fc.oneof(anyData, anyControl);

/** `bytes` in pieces of any size, empty ones too. */
export function anySplit(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
  });
}
