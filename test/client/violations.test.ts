import { describe, expect, test } from 'vitest';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import { DataFlag } from '../../src/protocol/frame.ts';
import { encodeAck } from '../../src/protocol/packet.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import { settle } from '../support/manual-clock.ts';
import { dataFrame, helloPacket, messageFrame, newSession, streamPacket } from '../support/raw-peer.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { collect, openScripted, outcomeOf } from './support.ts';

const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const packet = (kind: number, body: Uint8Array): Uint8Array => Uint8Array.of(kind, ...body);
const stream = (...bytes: number[]): Uint8Array => streamPacket(0, Uint8Array.of(...bytes));
const frames = (...all: Uint8Array[]): Uint8Array => streamPacket(0, Buffer.concat(all));

const welcome = {
  version: 1,
  result: 'new',
  protocol: '',
  received: 0,
  streamEnd: 0,
  resumeMs: 1000,
  ...DEFAULT_TERMS,
};
const without = (name: keyof typeof welcome): object => ({ ...welcome, [name]: undefined });

/** What a server must not say instead of WELCOME, and what that is called. */
const beforeWelcome: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'empty-packet'],
  ['an unknown kind', Uint8Array.of(0x7f), 'unknown-packet'],
  ['HELLO', helloPacket(newSession()), 'unexpected-hello'],
  ['STREAM', stream(1), 'data-before-hello'],
  ['an ACK', encodeAck(false, 0), 'data-before-hello'],
  ['a WELCOME over 4096 bytes', packet(2, text({ ...welcome, more: 'x'.repeat(4096) })), 'hello-too-big'],
  ['a WELCOME that is no JSON', packet(2, new TextEncoder().encode('{"version":1')), 'bad-welcome'],
  ['a WELCOME that is not UTF-8', packet(2, Uint8Array.of(0xff, 0xfe)), 'bad-welcome'],
  ['a WELCOME that is null', packet(2, text(null)), 'bad-welcome'],
  ['a WELCOME that is a list', packet(2, text([])), 'bad-welcome'],
  ['a WELCOME of version 2', packet(2, text({ ...welcome, version: 2 })), 'bad-welcome'],
  ['a WELCOME with an unknown result', packet(2, text({ ...welcome, result: 'maybe' })), 'bad-welcome'],
  ['a WELCOME without terms', packet(2, text(without('maxPacketBytes'))), 'bad-welcome'],
  ['a WELCOME with bytes taken of a new session', packet(2, text({ ...welcome, received: 1 })), 'bad-welcome'],
  ['a subprotocol that was not offered', packet(2, text({ ...welcome, protocol: 'mqtt' })), 'bad-welcome'],
  ['packets of less than 512 bytes', packet(2, text({ ...welcome, maxPacketBytes: 511 })), 'bad-welcome'],
  ['a route with a space', packet(2, text({ ...welcome, route: 'a b' })), 'bad-welcome'],
];

/** What a server must not say once the session is up. */
const afterWelcome: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'empty-packet'],
  ['an unknown kind', Uint8Array.of(0x12), 'unknown-packet'],
  ['HELLO', helloPacket(newSession()), 'unexpected-hello'],
  ['a second WELCOME', packet(2, text(welcome)), 'unexpected-welcome'],
  ['a varint that is cut off', Uint8Array.of(0x10, 0xc0), 'bad-varint'],
  ['an offset without a slice', Uint8Array.of(0x10, 0x00, 0x00), 'empty-slice'],
  ['an ack of what was never sent', encodeAck(false, 1_000_000), 'ack-beyond-sent'],
  ['a control frame over 4096 bytes', stream(0x06, 0x50, 0x01), 'control-too-big'],
  ['a CREDIT that ends too early', stream(0x01, 0x01, 0x00), 'bad-frame'],
  ['flags that exclude each other', stream(0x60, 0x00), 'bad-data-flags'],
  ['DATA of nothing', stream(0x40, 0x01, 0x00), 'empty-data'],
  ['DATA outside of a message', frames(dataFrame(Uint8Array.of(1), DataFlag.fin)), 'not-first'],
  [
    'FIRST inside a message',
    frames(dataFrame(Uint8Array.of(1), DataFlag.first), dataFrame(Uint8Array.of(1), DataFlag.first)),
    'unexpected-first',
  ],
  ['a message over maxMessageBytes', frames(messageFrame(new Uint8Array(1001), 1, { name: 'a' })), 'message-too-big'],
  [
    'text that is not UTF-8',
    frames(dataFrame(Uint8Array.of(0xff), DataFlag.first | DataFlag.fin | DataFlag.text)),
    'bad-text',
  ],
  [
    'fields that are none',
    frames(dataFrame(Uint8Array.of(1), DataFlag.first | DataFlag.fin, { fields: Uint8Array.of(9) })),
    'bad-fields',
  ],
  ['a channel out of turn', frames(messageFrame('x', 7, { name: 'late' })), 'channel-number'],
  ['a channel without a name', frames(messageFrame('x', 1)), 'channel-name'],
  ['RETIRE of channel 0', frames(encodeControl({ type: 'retire', channel: 0 })), 'unexpected-frame'],
  ['RETIRED without RETIRE', frames(encodeControl({ type: 'retired', channel: 0 })), 'unexpected-frame'],
  [
    'DATA behind CLOSE',
    frames(encodeControl({ type: 'close', code: 1000, drainMs: 1000, reason: '' }), messageFrame('late')),
    'after-close',
  ],
];

/** Opens a socket, lets the server misbehave, and checks that this is the end, and how. */
async function expectViolation(
  name: string,
  misbehave: (connection: ScriptedSocket) => void,
  isUp: boolean,
): Promise<void> {
  const { socket, server, clock } = openScripted({ maxMessageBytes: 1000, maxStreamBytes: 1000 });
  const closes = collect(socket, 'close');
  const errors = collect(socket, 'error');
  const waiting = outcomeOf(socket.send('waits').delivered);
  const connection = await server.next();
  if (isUp) connection.accept();
  else connection.open();
  socket.on('message', () => undefined);
  await settle();

  expect(() => {
    misbehave(connection);
  }).not.toThrow();
  await settle();

  const [close] = closes.items;
  expect(close).toMatchObject({ code: 4900, reason: name, wasClean: false });
  expect(close?.error).toMatchObject({ code: 'ERR_PROTOCOL', violation: name, isReceived: false });
  expect(errors.items).toEqual([{ error: close?.error }]);
  expect(connection.closedWith).toEqual({ code: 4900, reason: name });
  expect(await waiting).toMatchObject({ code: 'ERR_CLOSED', cause: close?.error });
  expect(socket.status).toBe('closed');
  connection.end(4900, name, true);
  clock.advance(3_600_000);
  await settle();
  expect(server.sockets).toHaveLength(1);
  expect(closes.items).toHaveLength(1);
}

describe('instead of WELCOME', () => {
  test.each(beforeWelcome)('%s ends the session', async (_name, bytes, violation) => {
    await expectViolation(
      violation,
      (connection) => {
        connection.deliver(bytes);
      },
      false,
    );
  });

  test('text ends the session', async () => {
    await expectViolation(
      'text-packet',
      (connection) => {
        connection.deliverText('{"hello":1}');
      },
      false,
    );
  });
});

describe('in a session', () => {
  test.each(afterWelcome)('%s ends it', async (_name, bytes, violation) => {
    await expectViolation(
      violation,
      (connection) => {
        connection.deliver(bytes);
      },
      true,
    );
  });

  test('text ends it', async () => {
    await expectViolation(
      'text-packet',
      (connection) => {
        connection.deliverText('hello');
      },
      true,
    );
  });

  test('an ack that falls ends it', async () => {
    const { socket, server } = openScripted();
    const closes = collect(socket, 'close');
    const connection = await server.accept();
    const transfer = socket.send('something');
    await settle();
    connection.ack();
    await transfer.delivered;

    connection.deliver(encodeAck(false, 0));
    await settle();

    expect(closes.items).toMatchObject([{ code: 4900, reason: 'ack-regressed' }]);
  });

  test('what comes before the wrong byte is delivered', async () => {
    const { socket, server } = openScripted();
    const messages = collect(socket, 'message');
    const closes = collect(socket, 'close');
    const connection = await server.accept();

    connection.deliver(frames(messageFrame('good'), Uint8Array.of(0x60, 0)));
    await settle();

    expect(messages.items).toMatchObject([{ data: 'good' }]);
    expect(closes.items).toMatchObject([{ code: 4900, reason: 'bad-data-flags' }]);
  });
});

describe('what a server may say that nobody knows yet', () => {
  test('is skipped', async () => {
    const { socket, server } = openScripted();
    const messages = collect(socket, 'message');
    const connection = await server.next();
    connection.open();
    connection.deliver(
      packet(2, text({ ...welcome, initialChannelCredit: 20_000, future: { any: 'thing' }, __proto__: null })),
    );

    connection.deliver(
      frames(
        Uint8Array.of(0x20, 3, 1, 2, 3),
        messageFrame('known', 0, {}),
        encodeControl({ type: 'limit', floor: 0, ceiling: 0 }),
        encodeControl({ type: 'credit', channel: 0, limit: 1 }),
      ),
    );
    await settle();

    expect(socket.status).toBe('open');
    expect(messages.items).toMatchObject([{ data: 'known' }]);
  });

  test('a resumed session that is new after all is a violation, not a second start', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const first = await server.accept();
    socket.send('something');
    await settle();
    first.end();
    clock.advance(500);

    (await server.next()).accept({ result: 'new', received: 0 });

    expect(closes.items).toMatchObject([{ code: 4900, reason: 'bad-welcome' }]);
  });

  test.each([
    ['below what was acknowledged', -1],
    ['above what was sent', 1],
  ])('a count %s is received-regressed', async (_name, offset) => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const first = await server.accept();
    const transfer = socket.send('something');
    await settle();
    first.ack();
    await transfer.delivered;
    first.end();
    clock.advance(500);

    (await server.next()).accept({ received: server.received + offset });
    await settle();

    expect(closes.items).toMatchObject([{ code: 4900, reason: 'received-regressed' }]);
  });
});
