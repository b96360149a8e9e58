import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeControl, encodeFields } from '../../src/protocol/frame-encoder.ts';
import type { ViolationName } from '../../src/protocol/violation.ts';
import { noBytes, pack } from '../../src/protocol/bytes.ts';
import { inject } from '../support/sim/inject.ts';
import { Pair } from '../support/sim/pair.ts';

const FIRST = 1;
const FIN = 2;
const TEXT = 4;
const TOTAL = 8;
const FIELDS = 16;

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const zeros = (count: number): Uint8Array => new Uint8Array(count);
const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]));

/** A DATA frame of exactly these parts, allowed or not. */
function data(flags: number, channel: number, payload: Uint8Array, rest: { total?: number; fields?: Uint8Array } = {}) {
  const { total, fields } = rest;
  const numbers = [channel, ...(total === undefined ? [] : [total]), ...(fields === undefined ? [] : [fields.length])];
  const body = concat(pack(...numbers, fields ?? noBytes), payload);
  return pack(bytes(0x40 | flags), body.length, body);
}

const named = (name: string): { fields: Uint8Array } => ({ fields: encodeFields({ name }) });
const open = (number: number, name: string): Uint8Array => data(FIRST | FIN | FIELDS, number, noBytes, named(name));
const close = encodeControl({ type: 'close', code: 1000, drainMs: 1000, reason: '' });

/** Stream bytes that break the rule, as the acceptor reads them. */
const inStream: readonly [name: ViolationName, what: string, stream: Uint8Array][] = [
  ['bad-varint', 'a length over 2^53-1', bytes(0x41, 0xff, 255, 255, 255, 255, 255, 255, 255)],
  ['control-too-big', 'a CANCEL of 4097 bytes', pack(bytes(2), 4097, zeros(4097))],
  ['bad-frame', 'a CREDIT that ends early', bytes(1, 1, 0)],
  ['bad-frame', 'a CREDIT with bytes behind it', bytes(1, 3, 0, 5, 5)],
  ['bad-frame', 'a CLOSE with a code that is none', pack(bytes(6), 4, bytes(0x43, 0xe7, 0, 0))],
  ['unexpected-frame', 'GOAWAY to the acceptor', encodeControl({ type: 'goaway', deadlineMs: 1 })],
  ['unexpected-frame', 'LIMIT to the acceptor', encodeControl({ type: 'limit', floor: 1, ceiling: 1 })],
  ['unexpected-frame', 'RETIRE of channel 0', encodeControl({ type: 'retire', channel: 0 })],
  [
    'unexpected-frame',
    'RETIRE while a message is under way',
    concat(data(FIRST | FIELDS, 1, bytes(1), named('a')), encodeControl({ type: 'retire', channel: 1 })),
  ],
  [
    'unexpected-frame',
    'CANCEL of a message that was never begun',
    encodeControl({ type: 'cancel', channel: 0, ordinal: 0, code: 0, reason: '' }),
  ],
  ['unexpected-frame', 'RETIRED without RETIRE', encodeControl({ type: 'retired', channel: 0 })],
  ['bad-data-flags', 'a reserved flag', data(FIRST | FIN | 32, 0, noBytes)],
  ['bad-data-flags', 'TEXT without FIRST', data(TEXT, 0, bytes(1))],
  ['bad-data-flags', 'TOTAL with FIRST and FIN', data(FIRST | FIN | TOTAL, 0, noBytes, { total: 0 })],
  ['empty-data', 'a middle without payload', concat(data(FIRST, 0, bytes(1)), data(0, 0, noBytes))],
  ['fields-too-big', 'fields of 2305 bytes', data(FIRST | FIN | FIELDS, 0, noBytes, { fields: zeros(2305) })],
  ['bad-fields', 'meta that is no JSON', data(FIRST | FIN | FIELDS, 0, noBytes, { fields: bytes(2, 1, 0x7b) })],
  ['bad-text', 'text that is no UTF-8', data(FIRST | FIN | TEXT, 0, bytes(0xff))],
  ['bad-text', 'text that ends inside a character', data(FIRST | FIN | TEXT, 0, bytes(0xe6, 0xbc))],
  ['channel-number', 'a number left out', open(2, 'a')],
  ['channel-name', 'a channel without a name', data(FIRST | FIN, 1, noBytes)],
  ['channel-name', 'a name for channel 0', open(0, 'a')],
  ['channel-name', 'the name of channel 0', open(1, '')],
  ['channel-name', 'a name that is open', concat(open(1, 'a'), open(2, 'a'))],
  ['channel-name', 'a name on a second message', concat(open(1, 'a'), open(1, 'a'))],
  ['unknown-channel', 'a middle on a number never opened', data(0, 5, bytes(1))],
  ['unknown-channel', 'RETIRE of a number never opened', encodeControl({ type: 'retire', channel: 1 })],
  ['unknown-channel', 'CREDIT for a number never opened', encodeControl({ type: 'credit', channel: 1, limit: 1 })],
  [
    'unknown-channel',
    'DATA on a retired number',
    concat(open(1, 'a'), encodeControl({ type: 'retire', channel: 1 }), data(FIRST | FIN, 1, noBytes)),
  ],
  ['too-many-channels', 'a fifth of four', concat(open(1, 'a'), open(2, 'b'), open(3, 'c'), open(4, 'd'))],
  ['credit-exceeded', 'a byte over the initial credit', data(FIRST | FIN, 0, zeros(16_384 - 64 + 1))],
  ['message-too-big', 'a byte over maxMessageBytes', data(FIRST | FIN | FIELDS, 1, zeros(10_001), named('a'))],
  [
    'message-too-big',
    'a total over maxMessageBytes',
    data(FIRST | TOTAL | FIELDS, 1, bytes(1), { total: 10_001, ...named('a') }),
  ],
  [
    'message-too-big',
    'a byte over maxMessageBytes on channel 0, behind all that early data may cost',
    concat(...Array.from({ length: 256 }, () => data(FIRST | FIN, 0, noBytes)), data(FIRST | FIN, 0, zeros(10_001))),
  ],
  ['total-mismatch', 'more than the total', data(FIRST | TOTAL, 0, zeros(3), { total: 2 })],
  [
    'total-mismatch',
    'less than the total',
    concat(data(FIRST | TOTAL, 0, zeros(3), { total: 5 }), data(FIN, 0, zeros(1))),
  ],
  ['unexpected-first', 'a message inside a message', concat(data(FIRST, 0, bytes(1)), data(FIRST, 0, bytes(1)))],
  ['not-first', 'a message without a beginning', data(0, 0, bytes(1))],
  ['after-close', 'DATA behind CLOSE', concat(close, data(FIRST | FIN, 0, bytes(1)))],
  ['after-close', 'a second CLOSE', concat(close, close)],
];

/** Stream bytes that are just allowed. */
const allowed: readonly [what: string, stream: Uint8Array][] = [
  ['exactly maxMessageBytes', data(FIRST | FIN, 0, zeros(10_000))],
  ['fields of 2304 bytes, of a key not known', data(FIRST | FIN | FIELDS, 0, noBytes, { fields: unknownField(2304) })],
  ['four channels of four', concat(open(1, 'a'), open(2, 'b'), open(3, 'c'))],
  ['a CANCEL with a reason of 1024 bytes, too late', concat(data(FIRST | FIN, 0, noBytes), cancelWith(1024))],
  ['frames of types that nobody knows', concat(bytes(0, 0), bytes(10, 1, 9), pack(bytes(0xff), 9000, zeros(9000)))],
  ['control behind CLOSE', concat(close, encodeControl({ type: 'credit', channel: 0, limit: 99_999 }))],
  ['a total of nothing', concat(data(FIRST | TOTAL, 0, noBytes, { total: 0 }), data(FIN, 0, noBytes))],
];

function unknownField(length: number): Uint8Array {
  return pack(60, length - 3, zeros(length - 3));
}

function cancelWith(reasonBytes: number): Uint8Array {
  return encodeControl({ type: 'cancel', channel: 0, ordinal: 0, code: 0, reason: 'r'.repeat(reasonBytes) });
}

function small(): Pair {
  return new Pair({
    acceptor: { terms: { maxMessageBytes: 10_000, poolBytes: 20_000, maxOpenChannels: 4 } },
  }).connect();
}

const large = (): Pair => new Pair().connect();

function expectViolation(pair: Pair, name: ViolationName): void {
  expect(pair.seen('acceptor', 'violation')).toEqual([{ kind: 'violation', name }]);
  expect(pair.acceptor.state.kind).toBe('ended');
  expect(pair.acceptor.nextPacket(0)).toBeUndefined();
  // It is over: nothing more comes of anything.
  pair.acceptor.receive(bytes(9), 0);
  pair.acceptor.tick(1e6, 0);
  expect(pair.acceptor.takeEffects()).toEqual([]);
  expect(pair.acceptor.deadlineMs).toBe(Infinity);
}

describe('early data over maxMessageBytes', () => {
  it.each([0, 1000])('fails alone, with what is sent behind it (after %i bytes before it)', (before) => {
    const pair = new Pair({ acceptor: { terms: { maxMessageBytes: 1000 } } });
    const hello = pair.hello();
    pair.initiator.openEarly();
    const fits = pair.send('initiator', before);
    const tooBig = pair.send('initiator', 1001);
    const last = pair.send('initiator', 'last');
    pair.write('initiator');
    expect(tooBig.state).toBe('written');
    pair.initiator.attached(pair.welcome(hello), 0);
    pair.run(100);
    expect(pair.seen('acceptor', 'violation')).toEqual([]);
    expect(pair.failureOf('initiator', tooBig)).toBe('ERR_MESSAGE_TOO_BIG');
    for (const message of [fits, last]) expect(pair.isDelivered('initiator', message)).toBe(true);
    expect(pair.read('acceptor').map(({ data: { length } }) => length)).toEqual([before, 4]);
    const more = pair.send('initiator', 1000);
    pair.run(100);
    expect(pair.isDelivered('initiator', more)).toBe(true);
    expect(pair.initiator.bufferedBytes).toBe(0);
  });
});

describe('a peer that breaks the protocol', () => {
  it.each(inStream)('%s: %s', (name, _, stream) => {
    const pair = name === 'credit-exceeded' ? large() : small();
    inject(pair, 'acceptor', stream);
    expectViolation(pair, name);
  });

  it.each(inStream)('%s: %s, byte by byte', (name, _, stream) => {
    const pair = name === 'credit-exceeded' ? large() : small();
    for (const byte of stream) if (pair.acceptor.state.kind !== 'ended') inject(pair, 'acceptor', bytes(byte));
    expectViolation(pair, name);
  });

  it.each(allowed)('may send %s', (_, stream) => {
    const pair = small();
    inject(pair, 'acceptor', stream);
    expect(pair.seen('acceptor', 'violation')).toEqual([]);
  });

  it('may use its initial credit to the last byte', () => {
    const pair = large();
    inject(pair, 'acceptor', data(FIRST | FIN, 0, zeros(16_384 - 64)));
    expect(pair.seen('acceptor', 'violation')).toEqual([]);
    expect(pair.read('acceptor')).toHaveLength(1);
  });

  const packets: readonly [name: ViolationName, packet: Uint8Array][] = [
    ['empty-packet', noBytes],
    ['unknown-packet', bytes(3)],
    ['unknown-packet', bytes(0x12, 0)],
    ['bad-varint', bytes(0x10)],
    ['bad-varint', bytes(0x10, 0x40)],
    ['empty-slice', bytes(0x10, 0, 0)],
    ['hello-too-big', pack(bytes(1), zeros(4096))],
    ['unexpected-hello', bytes(1, 0x7b, 0x7d)],
    ['unexpected-welcome', bytes(2, 0x7b, 0x7d)],
    ['ack-beyond-sent', bytes(0x10, 1)],
  ];

  it.each(packets)('%s: %o', (name, packet) => {
    const pair = large();
    pair.acceptor.receive(packet, 0);
    pair.collect();
    expectViolation(pair, name);
  });

  it('offset-mismatch: a slice that comes twice', () => {
    const pair = large();
    inject(pair, 'acceptor', data(FIRST | FIN, 0, bytes(1)));
    pair.acceptor.receive(pack(bytes(0x10, 0, 0), data(FIRST | FIN, 0, bytes(1))), 0);
    pair.collect();
    expectViolation(pair, 'offset-mismatch');
  });

  it('ack-regressed', () => {
    const pair = large();
    pair.send('acceptor', 100);
    pair.write('acceptor');
    pair.acceptor.receive(bytes(0x10, 50), 0);
    pair.acceptor.receive(bytes(0x10, 49), 0);
    pair.collect();
    expectViolation(pair, 'ack-regressed');
  });

  it('text-packet, and others that only the driver sees', () => {
    const pair = large();
    pair.acceptor.fail('text-packet');
    pair.collect();
    expectViolation(pair, 'text-packet');
    pair.acceptor.fail('text-packet');
    expect(pair.acceptor.takeEffects()).toEqual([]);
  });

  it.each([-1, 1])('received-regressed: a count beside what it can be, by %i', (difference) => {
    const pair = large();
    pair.send('acceptor', 100);
    pair.run();
    const hello = pair.hello();
    pair.acceptor.counts();
    pair.acceptor.attached({ ...hello, received: hello.received + difference }, 0);
    pair.collect();
    expectViolation(pair, 'received-regressed');
  });

  it('unexpected-frame: GOAWAY and LIMIT are for the initiator, which takes them', () => {
    const pair = large();
    inject(pair, 'initiator', encodeControl({ type: 'limit', floor: 4096, ceiling: 8192 }));
    inject(pair, 'initiator', encodeControl({ type: 'goaway', deadlineMs: 5 }));
    expect(pair.effects.initiator.map(({ kind }) => kind)).toEqual(['peer-limit', 'goaway']);
    inject(pair, 'initiator', concat(close, encodeControl({ type: 'goaway', deadlineMs: 5 })));
    expect(pair.seen('initiator', 'violation')).toEqual([{ kind: 'violation', name: 'after-close' }]);
  });

  it.each(['whole', 'as it comes'])(
    'bad-text behind a message that waits to be taken: it is never handed over, %s',
    (how) => {
      const pair = small();
      const { receiver } = pair.acceptor;
      inject(
        pair,
        'acceptor',
        concat(data(FIRST | FIN | TEXT, 0, bytes(0x68)), data(FIRST | FIN | TEXT, 0, bytes(0xff))),
      );
      expect(pair.seen('acceptor', 'violation')).toEqual([{ kind: 'violation', name: 'bad-text' }]);
      expect(pair.read('acceptor').map((message) => message.data)).toEqual(['h']);
      const bad = receiver.nextIncoming();
      expect(bad).toMatchObject({ ordinal: 1, isWhole: false });
      if (how === 'as it comes' && bad !== undefined) pair.acceptor.stream(bad);
      pair.acceptor.end();
      expect(bad).toMatchObject({ use: 'dropped', end: { reason: 'the session is over' } });
      expect(pair.read('acceptor')).toEqual([]);
      expect(receiver.heldBytes).toBe(0);
    },
  );

  it('bad-text at the end of what is handed on as it comes: it never ends well', () => {
    const pair = small();
    const { receiver } = pair.acceptor;
    inject(pair, 'acceptor', data(FIRST | TEXT, 0, bytes(0x68)));
    const message = receiver.nextIncoming();
    if (message !== undefined) pair.acceptor.stream(message);
    inject(pair, 'acceptor', data(FIN, 0, bytes(0xe6)));
    expect(pair.seen('acceptor', 'violation')).toEqual([{ kind: 'violation', name: 'bad-text' }]);
    expect(message).toMatchObject({ isWhole: false, isTaken: false });
    pair.acceptor.end();
    expect(message?.end).toEqual({ reason: 'the session is over' });
  });

  it('leaves what is not settled to be given back', () => {
    const pair = large();
    const message = pair.send('acceptor', 1000);
    pair.acceptor.receive(noBytes, 0);
    expect(pair.acceptor.end()).toEqual([message]);
    expect([pair.acceptor.bufferedBytes, pair.acceptor.heldBytes]).toEqual([0, 0]);
  });

  it('never makes anything throw, whatever it sends', () => {
    const slice = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(...inStream.map(([, , stream]) => stream), ...allowed.map(([, stream]) => stream)),
      fc
        .tuple(fc.nat({ max: 255 }), fc.nat({ max: 63 }), fc.uint8Array({ maxLength: 60 }))
        .map(([type, length, body]) => concat(bytes(type, length), body)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), slice), { maxLength: 30 }), (inputs) => {
        const pair = small();
        pair.send('acceptor', 50_000);
        for (const [isPacket, input] of inputs) {
          if (isPacket) pair.acceptor.receive(input, pair.nowMs);
          else inject(pair, 'acceptor', input);
          pair.read('acceptor');
          pair.write('acceptor');
          pair.nowMs += 7;
          pair.acceptor.tick(pair.nowMs, 0);
        }
        pair.collect();
        expect(pair.seen('acceptor', 'violation').length).toBeLessThan(2);
        pair.acceptor.end();
        expect([pair.acceptor.bufferedBytes, pair.acceptor.heldBytes]).toEqual([0, 0]);
      }),
      { numRuns: 2000 },
    );
  });
});
