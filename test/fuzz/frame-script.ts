import { pack } from '../../src/protocol/bytes.ts';
import type { Tape } from './tape.ts';

const FIRST = 1;
const FIN = 2;
const TEXT = 4;
const TOTAL = 8;
const FIELDS = 16;

const NAMES = ['', 'a', 'b', 'c', 'd', 'ä', '\ufeff', 'a-long-name-'.repeat(16)] as const;
const METAS = [
  'null',
  '0',
  '"x"',
  '{"type":"image/png"}',
  '{"__proto__":{"a":1}}',
  '[[[[]]]]',
  '1e999',
  '{',
  '\ud800',
] as const;
const REASONS = ['', 'because', 'ü', 'r'.repeat(123), 'r'.repeat(124), 'r'.repeat(1024), 'r'.repeat(1025)] as const;
const TEXTS = ['', 'text', 'ä€😀', '\ufeff'] as const;
const SESSION = 'abcdefghijklmnopqrstu';

/** What frames go by that are to fit what came before. */
export interface FrameFacts {
  /** The number that a new channel takes. */
  readonly nextNumber: number;
  /** How many numbers the other side opened, 0 included. */
  readonly openedByOther: number;
  /** Bytes of payload in a frame, at most. */
  readonly maxPayloadBytes: number;
}

/** The bytes of one frame, most often a legal one, as the tape says. */
export function scriptFrame(tape: Tape, facts: FrameFacts): Uint8Array {
  const kind = tape.below(16);
  const ours = (): number => (tape.bool() ? tape.below(Math.max(1, facts.nextNumber + 1)) : 0);
  const theirs = (): number => (tape.bool() ? tape.below(facts.openedByOther + 1) : 0);
  const control = (type: number, ...members: readonly (number | string)[]): Uint8Array => {
    const body = pack(...members);
    return pack(type, tape.near(body.length), body);
  };
  switch (kind) {
    case 0:
      return control(1, theirs(), tape.integer() * (tape.bool() ? 256 : 1));
    case 1:
      return control(2, ours(), tape.integer(), tape.below(6), tape.pick(REASONS));
    case 2:
      return control(3, theirs(), tape.integer(), tape.below(4), tape.integer(), tape.pick(REASONS));
    case 3:
      return control(4, ours());
    case 4:
      return control(5, theirs());
    case 5:
      return control(6, tape.pick([1000, 1001, 3000, 4999, 999, 5000]), tape.integer(), tape.pick(REASONS));
    case 6:
      return tape.bool() ? control(7, tape.integer()) : control(8, tape.integer(), tape.integer());
    case 7:
      return control(9, ours(), tape.integer());
    case 8:
      // A type that nobody knows, of some length.
      return pack(tape.pick([0, 10, 63, 128, 192, 255]), tape.near(3), new Uint8Array(3));
    case 9:
      return tape.bytes(tape.below(32));
    default:
      return scriptData(tape, facts, kind);
  }
}

/** DATA: 10 and 11 make whole messages, 12 begins one, 13 and 14 go on, 15 opens a channel. */
function scriptData(tape: Tape, facts: FrameFacts, kind: number): Uint8Array {
  const isFirst = kind <= 12 || kind === 15;
  const isNew = kind === 15;
  const channel = isNew ? tape.near(facts.nextNumber) : tape.bool() ? tape.below(facts.nextNumber + 1) : 0;
  const isText = isFirst && tape.bool();
  const isFin = kind <= 11 || kind === 14 || (isNew && tape.bool());
  const more = tape.byte();
  const fields = isNew || (isFirst && (more & 7) === 7) ? scriptFields(tape, isNew) : undefined;
  const payload = scriptPayload(tape, isText).subarray(0, facts.maxPayloadBytes);
  const total = isFirst && !isFin && (more & 8) > 0 ? tape.near(payload.length * 2) : undefined;
  let type = 0x40 | (isFirst ? FIRST : 0) | (isFin ? FIN : 0) | (isText ? TEXT : 0);
  type |= (total === undefined ? 0 : TOTAL) | (fields === undefined ? 0 : FIELDS);
  if (more === 255) type ^= 1 << tape.below(6);
  const head = pack(
    channel,
    ...(total === undefined ? [] : [total]),
    ...(fields === undefined ? [] : [tape.near(fields.length), fields]),
  );
  return pack(type, tape.near(head.length + payload.length), head, payload);
}

function scriptPayload(tape: Tape, isText: boolean): Uint8Array {
  switch (tape.below(8)) {
    case 0:
      return new Uint8Array(0);
    case 1:
      return tape.bytes(tape.below(16));
    case 2:
      return new Uint8Array(256 * tape.below(64)).fill(97);
    case 3:
      return pack(tape.pick(TEXTS)).subarray(0, 1 + tape.below(8));
    default:
      return isText ? pack(tape.pick(TEXTS)) : new Uint8Array(1 + tape.byte()).fill(98);
  }
}

function scriptFields(tape: Tape, isNew: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  const add = (key: number, ...members: readonly (number | string | Uint8Array)[]): void => {
    const value = pack(...members);
    parts.push(pack(key, tape.near(value.length), value));
  };
  const which = tape.byte();
  if (isNew !== which > 250) add(1, tape.pick(NAMES));
  if ((which & 1) > 0) add(2, tape.pick(METAS));
  if ((which & 2) > 0) add(3, tape.below(3), tape.integer(), tape.integer(), SESSION.slice(tape.below(2)));
  if ((which & 4) > 0) add(tape.integer(), tape.bytes(tape.below(8)));
  if ((which & 24) === 24) add(tape.pick([2, 60]), 'z'.repeat(tape.integer() % 2400));
  return pack(...parts);
}
