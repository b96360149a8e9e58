/**
 * The codec once more, written from PROTOCOL.md for plainness alone: BigInt, lists of numbers, everything at once, no
 * views and no state. What the real one does is compared with it.
 */
import type { ControlFrame, MessageFields } from '../../src/protocol/frame.ts';
import type { FrameVector } from './vectors.ts';

const MAX = 2n ** 53n - 1n;

export interface NaiveInteger {
  value: number;
  next: number;
}

/** What reading ran into: a violation, or the end of the bytes. */
export class Stop extends Error {
  readonly what: string;
  constructor(what: string) {
    super(what);
    this.what = what;
  }
}

/** The integer in `size` bytes; in as few as it takes where there is no size. */
export function naiveVarint(value: number | bigint, size?: 1 | 2 | 4 | 8): number[] {
  const big = BigInt(value);
  const sizes = [1, 2, 4, 8];
  const length = size ?? sizes.find((bytes) => big < 2n ** BigInt(bytes * 8 - 2));
  if (length === undefined) throw new RangeError(`no varint for ${String(value)}`);
  const prefixed = big + BigInt(sizes.indexOf(length)) * 2n ** BigInt(length * 8 - 2);
  return Array.from({ length }, (_, index) => Number((prefixed / 256n ** BigInt(length - 1 - index)) % 256n));
}

/** Reads an integer out of `bytes`; `short` is thrown where they end inside it. */
export function naiveReadVarint(bytes: readonly number[], at: number, short: string): NaiveInteger {
  const first = bytes[at];
  if (first === undefined) throw new Stop(short);
  const length = [1, 2, 4, 8][first >> 6] ?? 0;
  const taken = bytes.slice(at, at + length);
  if (taken.length < length) throw new Stop(short);
  const value = taken.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) % 2n ** BigInt(length * 8 - 2);
  if (value > MAX) throw new Stop('bad-varint');
  return { value: Number(value), next: at + length };
}

function text(bytes: readonly number[], violation: string): string {
  const decoded = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(decoded).equals(Buffer.from(bytes))) throw new Stop(violation);
  return decoded;
}

function naiveFields(block: readonly number[]): MessageFields {
  const fields: MessageFields = {};
  let named = 0;
  let at = 0;
  const integer = (list: readonly number[], from: number): NaiveInteger => {
    try {
      return naiveReadVarint(list, from, 'bad-fields');
    } catch {
      throw new Stop('bad-fields');
    }
  };
  while (at < block.length) {
    const key = integer(block, at);
    const length = integer(block, key.next);
    const value = block.slice(length.next, length.next + length.value);
    if (value.length < length.value) throw new Stop('bad-fields');
    at = length.next + length.value;
    if (key.value === 1 || key.value === 2) {
      named += value.length;
      if (named > 2048) throw new Stop('fields-too-big');
      if (key.value === 1) {
        if ('name' in fields) throw new Stop('bad-fields');
        fields.name = text(value, 'bad-fields');
      } else {
        if ('meta' in fields) throw new Stop('bad-fields');
        const json = text(value, 'bad-fields');
        try {
          fields.meta = JSON.parse(json) as unknown;
        } catch {
          throw new Stop('bad-fields');
        }
      }
    } else if (key.value === 3) {
      if ('origin' in fields) throw new Stop('bad-fields');
      const mark = integer(value, 0);
      const channel = integer(value, mark.next);
      const ordinal = integer(value, channel.next);
      const session = text(value.slice(ordinal.next), 'bad-fields');
      if (mark.value > 1 || !/^[A-Za-z0-9_-]{21,64}$/.test(session)) throw new Stop('bad-fields');
      fields.origin = {
        mark: mark.value === 1 ? 'whole' : 'partial',
        channel: channel.value,
        ordinal: ordinal.value,
        session,
      };
    }
  }
  return fields;
}

function naiveControl(type: number, body: readonly number[]): ControlFrame {
  let at = 0;
  const integer = (): number => {
    const { value, next } = naiveReadVarint(body, at, 'bad-frame');
    at = next;
    return value;
  };
  const reason = (maxBytes: number): string => {
    const rest = body.slice(at);
    if (rest.length > maxBytes) throw new Stop('bad-frame');
    at = body.length;
    return text(rest, 'bad-frame');
  };
  const read = (): ControlFrame => {
    switch (type) {
      case 1:
        return { type: 'credit', channel: integer(), limit: integer() };
      case 2:
        return { type: 'cancel', channel: integer(), ordinal: integer(), code: integer(), reason: reason(1024) };
      case 3:
        return {
          type: 'reject',
          channel: integer(),
          ordinal: integer(),
          code: integer(),
          value: integer(),
          reason: reason(1024),
        };
      case 4:
        return { type: 'retire', channel: integer() };
      case 5:
        return { type: 'retired', channel: integer() };
      case 6:
        return { type: 'close', code: integer(), drainMs: integer(), reason: reason(123) };
      case 7:
        return { type: 'goaway', deadlineMs: integer() };
      case 8:
        return { type: 'limit', floor: integer(), ceiling: integer() };
      default:
        return { type: 'blocked', channel: integer(), limit: integer() };
    }
  };
  const frame = read();
  if (at < body.length) throw new Stop('bad-frame');
  if (frame.type === 'close' && (frame.code < 1000 || frame.code > 4999)) throw new Stop('bad-frame');
  return frame;
}

/** What a whole stream says: `partial` is a DATA frame whose payload has not come to its end. */
export interface NaiveStream {
  frames: FrameVector[];
  partial?: FrameVector;
  violation?: string;
}

/** Reads all frames of a stream from its first byte. */
export function naiveReadStream(bytes: readonly number[]): NaiveStream {
  const frames: FrameVector[] = [];
  let at = 0;
  try {
    while (at < bytes.length) {
      const type = bytes[at] ?? 0;
      const flag = (bit: number): boolean => (type & bit) !== 0;
      const isData = type >= 0x40 && type <= 0x7f;
      if (isData) {
        if (flag(0x20)) throw new Stop('bad-data-flags');
        if (!flag(1) && (flag(4) || flag(8) || flag(16))) throw new Stop('bad-data-flags');
        if (flag(1) && flag(2) && flag(8)) throw new Stop('bad-data-flags');
      }
      const length = naiveReadVarint(bytes, at + 1, 'more');
      const body = bytes.slice(length.next, length.next + length.value);
      const isWhole = body.length === length.value;
      // an end inside the head of a whole body is a fault; otherwise the rest has yet to come
      const short = isWhole ? 'bad-frame' : 'more';
      if (isData) {
        const channel = naiveReadVarint(body, 0, short);
        const total = flag(8) ? naiveReadVarint(body, channel.next, short) : undefined;
        const afterTotal = total?.next ?? channel.next;
        const size = flag(16) ? naiveReadVarint(body, afterTotal, short) : undefined;
        if (size && size.value > 2304) throw new Stop('fields-too-big');
        const start = size ? size.next + size.value : afterTotal;
        if (start > length.value) throw new Stop('bad-frame');
        if (start > body.length) throw new Stop('more');
        if (start === length.value && !flag(1) && !flag(2)) throw new Stop('empty-data');
        const frame: FrameVector = {
          type: 'data',
          channel: channel.value,
          first: flag(1),
          fin: flag(2),
          text: flag(4),
          ...(total && { total: total.value }),
          ...(size && { fields: naiveFields(body.slice(size.next, start)), fieldsBytes: size.value }),
          payload: Buffer.from(body.slice(start)).toString('hex'),
        };
        if (!isWhole) return { frames, partial: frame };
        frames.push(frame);
      } else if (type >= 1 && type <= 9) {
        if (length.value > 4096) throw new Stop('control-too-big');
        if (!isWhole) throw new Stop('more');
        frames.push(naiveControl(type, body));
      }
      if (!isWhole) return { frames };
      at = length.next + length.value;
    }
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    return stop.what === 'more' ? { frames } : { frames, violation: stop.what };
  }
  return { frames };
}

const utf8 = (value: string): number[] => [...Buffer.from(value)];
const sized = (bytes: readonly number[]): number[] => [...naiveVarint(bytes.length), ...bytes];

/** The fields as bytes. */
export function naiveWriteFields({ name, meta, origin }: MessageFields): number[] {
  return [
    ...(name === undefined ? [] : [1, ...sized(utf8(name))]),
    ...(meta === undefined ? [] : [2, ...sized(utf8(JSON.stringify(meta)))]),
    ...(origin === undefined
      ? []
      : [
          3,
          ...sized([
            origin.mark === 'whole' ? 1 : 0,
            ...naiveVarint(origin.channel),
            ...naiveVarint(origin.ordinal),
            ...utf8(origin.session),
          ]),
        ]),
  ];
}

/** A frame as bytes. */
export function naiveWriteFrame(frame: FrameVector): number[] {
  switch (frame.type) {
    case 'data': {
      const flags =
        Number(frame.first) +
        2 * Number(frame.fin) +
        4 * Number(frame.text) +
        8 * Number(frame.total !== undefined) +
        16 * Number(frame.fields !== undefined);
      return [
        0x40 + flags,
        ...sized([
          ...naiveVarint(frame.channel),
          ...(frame.total === undefined ? [] : naiveVarint(frame.total)),
          ...(frame.fields === undefined ? [] : sized(naiveWriteFields(frame.fields))),
          ...Buffer.from(frame.payload, 'hex'),
        ]),
      ];
    }
    case 'credit':
      return [1, ...sized([frame.channel, frame.limit].flatMap((value) => naiveVarint(value)))];
    case 'cancel':
      return [
        2,
        ...sized([
          ...[frame.channel, frame.ordinal, frame.code].flatMap((value) => naiveVarint(value)),
          ...utf8(frame.reason),
        ]),
      ];
    case 'reject':
      return [
        3,
        ...sized([
          ...[frame.channel, frame.ordinal, frame.code, frame.value].flatMap((value) => naiveVarint(value)),
          ...utf8(frame.reason),
        ]),
      ];
    case 'retire':
      return [4, ...sized(naiveVarint(frame.channel))];
    case 'retired':
      return [5, ...sized(naiveVarint(frame.channel))];
    case 'close':
      return [
        6,
        ...sized([...[frame.code, frame.drainMs].flatMap((value) => naiveVarint(value)), ...utf8(frame.reason)]),
      ];
    case 'goaway':
      return [7, ...sized(naiveVarint(frame.deadlineMs))];
    case 'limit':
      return [8, ...sized([frame.floor, frame.ceiling].flatMap((value) => naiveVarint(value)))];
    case 'blocked':
      return [9, ...sized([frame.channel, frame.limit].flatMap((value) => naiveVarint(value)))];
  }
}
