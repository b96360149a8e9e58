import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import type { Tape } from './tape.ts';

/** What a member may hold that it should not, and some that it should. */
const VALUES = [
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  0.5,
  1e300,
  511,
  512,
  4096,
  8191,
  8192,
  16_383,
  16_384,
  65_536,
  65_537,
  2 ** 53 - 1,
  2 ** 53,
  '',
  'new',
  'resumed',
  'gone',
  'ended',
  'abcdefghijklmnopqrstu',
  'a'.repeat(64),
  'a'.repeat(65),
  'a b',
  '\ud800',
  [],
  ['a'],
  ['a', 'a b'],
  new Array<string>(17).fill('p'),
  {},
  { floor: 1, ceiling: 2 },
  { floor: 1 },
  { maxPacketBytes: 512 },
  { maxPacketBytes: 511 },
  { code: 1000, reason: '' },
  { code: 999, reason: '' },
  { code: 1000 },
] as const;

const HELLO = {
  version: 1,
  session: 'abcdefghijklmnopqrstuv',
  secret: 'ABCDEFGHIJKLMNOPQRSTUV',
  connection: 1,
  expected: false,
  received: 0,
  streamEnd: 0,
  protocols: ['chat'],
  ...DEFAULT_TERMS,
};

const WELCOME = {
  version: 1,
  result: 'new',
  protocol: '',
  received: 0,
  streamEnd: 0,
  resumeMs: 1000,
  ...DEFAULT_TERMS,
};

const OTHERS = [
  'auth',
  'limitHint',
  'refused',
  'route',
  'limit',
  'close',
  'result',
  '__proto__',
  'constructor',
  'x',
] as const;

/** A HELLO in which some members are changed. */
export function scriptHello(tape: Tape): object {
  return change(tape, HELLO);
}

/** A WELCOME in which some members are changed. */
export function scriptWelcome(tape: Tape): object {
  return change(tape, WELCOME);
}

function change(tape: Tape, message: object): object {
  const members = new Map<string, unknown>(Object.entries(message));
  const names = [...members.keys(), ...OTHERS];
  for (let i = 0; i < 8 && !tape.isOver; i++) {
    tape.cut();
    const name = tape.pick(names);
    if (tape.below(8) === 0) members.delete(name);
    else members.set(name, tape.pick(VALUES));
  }
  // As own members, `__proto__` too.
  return Object.fromEntries(members);
}
