import { describe, expect, test } from 'vitest';
import { BufferFullError, MessageTooBigError } from '../../src/index.ts';
import type { ChunkSocketError } from '../../src/index.ts';
import type { MessageEvent, ServerSession } from '../../src/server.ts';
import { Inbox } from '../support/inbox.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';
import { collect, openScripted, openSocket, outcomeOf } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the session of the server gets. */
function listen(session: ServerSession): Inbox<MessageEvent> {
  const inbox = new Inbox<MessageEvent>();
  session.on('message', (message) => {
    inbox.push(message);
  });
  return inbox;
}

describe('send', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 1],
    ['a bigint', 1n],
    ['a boolean', true],
    ['an object', { a: 1 }],
    ['a list', [1, 2]],
    ['a function', () => 'text'],
    ['a symbol', Symbol('s')],
    ['a Date', new Date(0)],
    ['a String object', new String('text')],
  ])('of %s is a TypeError', (_name, data) => {
    const { socket } = openScripted();
    expect(() => socket.send(data as string)).toThrow(TypeError);
    expect(socket.bufferedAmount).toBe(0);
  });

  test('of more than 64 KiB in one task goes out before the task is over', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    await socket.send('the connection is up').delivered;
    listen(await sessions.next());
    const { sentBytes } = socket.stats();
    const first = socket.send(new Uint8Array(60 * KIB));
    expect(socket.stats().sentBytes).toBe(sentBytes);
    const second = socket.send(new Uint8Array(60 * KIB));
    expect(socket.stats().sentBytes).toBeGreaterThan(sentBytes);
    await Promise.all([first.delivered, second.delivered]);
  });

  test('of a detached buffer is a TypeError', () => {
    const { socket } = openScripted();
    const buffer = new ArrayBuffer(8);
    const view = new Uint8Array(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => socket.send(buffer)).toThrow(TypeError);
    expect(() => socket.send(view)).toThrow(TypeError);
  });

  test.each([
    ['a string', 'grüße', 'grüße'],
    ['an empty string', '', ''],
    ['an ArrayBuffer', Uint8Array.of(1, 2).buffer, [1, 2]],
    ['a typed array', new Uint16Array([0x0201, 0x0403]), [1, 2, 3, 4]],
    ['a DataView on a part', new DataView(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2), [1, 2]],
    ['a Buffer', Buffer.from('ab'), [97, 98]],
    ['a Blob', new Blob(['ab', Uint8Array.of(1)]), [97, 98, 1]],
    ['an empty Blob', new Blob([]), []],
  ])('of %s arrives as that', async (_name, data, expected) => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);

    await socket.send(data).delivered;

    const message = await listen(await sessions.next()).next();
    expect(typeof message.data === 'string' ? message.data : [...(message.data as Uint8Array)]).toEqual(expected);
  });

  test('copies: the caller may change the buffer at once', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const bytes = patternBytes(100 * KIB);
    const expected = bytes.slice();

    const { delivered } = socket.send(bytes);
    bytes.fill(0);
    await delivered;

    const { data } = await listen(await sessions.next()).next();
    expect(Buffer.compare(data as Uint8Array, expected)).toBe(0);
  });

  test('refuses a priority that is none', () => {
    const { socket } = openScripted();
    expect(() => socket.send('x', { priority: 'urgent' as 'high' })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: 'priority', value: 'urgent' }) as Error,
    );
  });

  // The JSON of a text has two quotes more than the text.
  test.each([
    ['', 2046],
    ['c', 2045],
    ['c'.repeat(64), 1982],
    ['ü'.repeat(1000), 46],
    ['c'.repeat(2048), undefined],
  ])('takes meta and a channel %j of 2048 bytes together, and not one more', async (channel, characters) => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const meta = characters === undefined ? undefined : 'm'.repeat(characters);
    const more = meta === undefined ? { channel: `${channel}c` } : { channel, meta: `${meta}m` };

    await socket.send('x', { channel, meta }).delivered;

    expect(await listen(await sessions.next()).next()).toMatchObject({ channel, meta });
    expect(() => socket.send('x', more)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: 'meta', value: '2049 bytes' }) as Error,
    );
  });

  test('refuses a meta that is no JSON', () => {
    const { socket } = openScripted();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const meta of [() => 1, Symbol('s')]) {
      expect(() => socket.send('x', { meta })).toThrow(expect.objectContaining({ option: 'meta' }) as Error);
    }
    for (const meta of [circular, 1n]) expect(() => socket.send('x', { meta })).toThrow(TypeError);
    expect(socket.bufferedAmount).toBe(0);
  });

  test('takes meta as it is now, whatever becomes of the object', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const meta = { name: 'before', size: [1] };

    const { delivered } = socket.send('x', { meta });
    meta.name = 'm'.repeat(5000);
    await delivered;

    expect((await listen(await sessions.next()).next()).meta).toEqual({ name: 'before', size: [1] });
  });

  test.each([[null], [0], [false], [''], [[]], [{ ['__proto__']: 1 }]])('takes %j as meta', async (meta) => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);

    await socket.send('x', { meta }).delivered;

    expect((await listen(await sessions.next()).next()).meta).toEqual(meta);
  });

  test('keeps channel, meta and the order within a channel', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const sent = Array.from({ length: 200 }, (_, index) => ({ channel: `c${index % 7}`, index }));

    await Promise.all(
      sent.map(({ channel, index }) => socket.send(`m${index}`, { channel, meta: { index } }).delivered),
    );

    const got = await listen(await sessions.next()).take(200);
    for (let channel = 0; channel < 7; channel++) {
      const mine = got.filter((message) => message.channel === `c${channel}`);
      expect(mine.map(({ meta }) => (meta as { index: number }).index)).toEqual(
        sent.filter(({ index }) => index % 7 === channel).map(({ index }) => index),
      );
    }
  });

  test('of everything in one turn shares packets', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    const before = connection.packets.length;

    for (let index = 0; index < 500; index++) socket.send(`message ${index}`);
    await settle();

    expect(connection.packets.length - before).toBeLessThan(4);
    expect(server.received).toBeGreaterThan(5000);
  });
});

describe('a message over the maxMessageBytes of the server', () => {
  test('fails alone, with its size and the limit', async () => {
    const { url, sessions } = await startServer({ maxMessageBytes: 1000, maxStreamBytes: 1000 });
    const socket = openSocket(url);
    await socket.send('first').delivered;

    const fits = socket.send(patternBytes(1000));
    const tooBig = socket.send(patternBytes(1001));
    const blob = socket.send(new Blob([patternBytes(5000)]));
    const last = socket.send('last');

    for (const [transfer, size] of [
      [tooBig, 1001],
      [blob, 5000],
    ] as const) {
      const error = await outcomeOf(transfer.delivered);
      expect(error).toBeInstanceOf(MessageTooBigError);
      expect(error).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', sizeBytes: size, limitBytes: 1000 });
      expect((error as Error).message).toContain(String(size));
      expect((error as Error).message).toContain('1000');
      expect((error as ChunkSocketError).hint).toBeTruthy();
      expect(transfer.state).toBe('failed');
    }
    await Promise.all([fits.delivered, last.delivered]);
    const messages = await listen(await sessions.next()).take(3);
    expect(messages.map(({ data }) => (data as string | Uint8Array).length)).toEqual([5, 1000, 4]);
    expect(socket.status).toBe('open');
    expect(socket.stats().connections).toBe(1);
  });
});

describe('maxBufferedBytes', () => {
  test('is filled to the byte; one more is BufferFullError, and nothing that was queued is lost', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url, { maxBufferedBytes: 1000 });
    const fits = [socket.send(patternBytes(600)), socket.send(patternBytes(400))];

    const over = socket.send('!');
    const error = await outcomeOf(over.delivered);
    const blob = socket.send(new Blob(['a Blob is not kept in memory']));

    expect(error).toBeInstanceOf(BufferFullError);
    expect(error).toMatchObject({ code: 'ERR_BUFFER_FULL', sizeBytes: 1, bufferedBytes: 1000, limitBytes: 1000 });
    expect((error as ChunkSocketError).hint).toContain('drain');
    await Promise.all([...fits, blob].map(({ delivered }) => delivered));
    const messages = await listen(await sessions.next()).take(3);
    expect(messages.map(({ data }) => (data as Uint8Array).length)).toEqual([600, 400, 28]);
    await socket.send(patternBytes(1000)).delivered;
  });

  test('counts many small messages as 512 bytes each, so that they are bounded too', async () => {
    const { url } = await startServer();
    const socket = openSocket(url, { maxBufferedBytes: 36 * 512 });
    const fits = Array.from({ length: 64 + 36 }, () => socket.send(''));

    const over = socket.send('');

    await expect(over.delivered).rejects.toMatchObject({ code: 'ERR_BUFFER_FULL', limitBytes: 36 * 512 });
    await Promise.all(fits.map(({ delivered }) => delivered));
    await socket.send('').delivered;
  });

  test('lets one message through that alone is over it', async () => {
    const { url } = await startServer();
    const socket = openSocket(url, { maxBufferedBytes: 0 });

    const alone = socket.send(patternBytes(100));
    const second = socket.send('x');

    await expect(second.delivered).rejects.toMatchObject({ code: 'ERR_BUFFER_FULL', limitBytes: 0 });
    await alone.delivered;
  });

  test('is free again when drain says so', async () => {
    const { url } = await startServer();
    const socket = openSocket(url, { maxBufferedBytes: 1000 });
    const drains = collect(socket, 'drain');
    socket.send(patternBytes(1000));

    expect(await drains.next()).toEqual({ bufferedBytes: 0 });

    expect(socket.bufferedAmount).toBe(0);
    await socket.send(patternBytes(1000)).delivered;
    await drains.next();
    expect(drains.items).toEqual([]);
  });
});

describe('a transfer', () => {
  test('tells its progress, at most every 50 ms and once at the end', async () => {
    const { socket, server, clock } = openScripted();
    const bytes = patternBytes(1.5 * MIB);
    const transfer = socket.send(bytes);
    const seen: { ackedBytes: number; totalBytes: number | undefined; atMs: number }[] = [];
    transfer.on('progress', (progress) => {
      seen.push({ ...progress, atMs: clock.now() });
    });
    expect([transfer.state, transfer.ackedBytes, transfer.totalBytes]).toEqual(['queued', 0, bytes.length]);
    server.isAcking = true;
    await server.accept();
    while (transfer.state !== 'delivered') {
      await settle();
      clock.advance(10);
    }

    expect(seen.at(-1)).toMatchObject({ ackedBytes: bytes.length, totalBytes: bytes.length });
    expect(transfer.ackedBytes).toBe(bytes.length);
    for (const [index, { ackedBytes, atMs }] of seen.entries()) {
      const before = seen[index - 1] ?? { ackedBytes: 0, atMs: -Infinity };
      expect(ackedBytes).toBeGreaterThanOrEqual(before.ackedBytes);
      if (index < seen.length - 1) expect(atMs - before.atMs).toBeGreaterThanOrEqual(50);
    }
  });

  test('that is aborted while it waits is never sent', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const aborted = socket.send('never');
    const reason = new Error('changed my mind');

    aborted.abort(reason);
    aborted.abort();
    await socket.send('sent').delivered;

    await expect(aborted.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason });
    expect(aborted.state).toBe('failed');
    const messages = listen(await sessions.next());
    expect((await messages.next()).data).toBe('sent');
    expect(messages.items).toEqual([]);
  });

  test('that is aborted under way is taken back, and disturbs no other', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    const big = socket.send(patternBytes(MIB), { channel: 'files' });
    await settle();
    connection.ack();
    expect(big.state).toBe('sending');

    big.abort();
    const small = socket.send('small');
    server.isAcking = true;
    connection.ack();
    await small.delivered;

    await expect(big.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(big.ackedBytes).toBeLessThan(MIB);
    expect(server.received).toBeLessThan(MIB);
    expect(socket.bufferedAmount).toBe(0);
  });

  test('that is delivered cannot be aborted', async () => {
    const { url } = await startServer();
    const socket = openSocket(url);
    const transfer = socket.send('done');
    await transfer.delivered;

    transfer.abort();

    expect(transfer.state).toBe('delivered');
    await transfer.delivered;
  });

  test('follows its signal, and lets go of it at the end', async () => {
    const { url } = await startServer();
    const socket = openSocket(url);
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const counting = {
      get aborted() {
        return signal.aborted;
      },
      get reason() {
        return signal.reason as unknown;
      },
      addEventListener: (type: 'abort', listener: () => void) => {
        listeners++;
        signal.addEventListener(type, listener);
      },
      removeEventListener: (type: 'abort', listener: () => void) => {
        listeners--;
        signal.removeEventListener(type, listener);
      },
    };
    await socket.send('goes through', { signal: counting }).delivered;
    expect(listeners).toBe(0);

    const waiting = socket.send('never', { signal: counting });
    controller.abort('because');
    const late = socket.send('never either', { signal: counting });

    await expect(waiting.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'because' });
    await expect(late.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'because' });
    expect(late.state).toBe('failed');
    expect(listeners).toBe(0);
  });
});

describe('a queue', () => {
  test('that waits for the first connection counts in bufferedAmount, in bytes', () => {
    const { socket } = openScripted();

    socket.send('🎉');
    socket.send(new Uint8Array(10));
    socket.send(new Blob([new Uint8Array(100)]));

    expect(socket.bufferedAmount).toBe(114);
    expect(socket.stats().bufferedBytes).toBe(114);
  });

  test('sends what is urgent first', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const low = socket.send(patternBytes(4 * MIB), { channel: 'low', priority: 'low' });
    const auto = socket.send(patternBytes(4 * MIB), { channel: 'auto' });
    const high = socket.send(patternBytes(4 * MIB), { channel: 'high', priority: 'high' });
    await Promise.all([low, auto, high].map(({ delivered }) => delivered));

    const messages = await listen(await sessions.next()).take(3);

    expect(messages.map(({ channel }) => channel)).toEqual(['high', 'auto', 'low']);
  });
});

describe('stats', () => {
  test('tell what waits on each channel', async () => {
    const { socket, server } = openScripted();
    const file = socket.send(patternBytes(200 * KIB), { channel: 'files' });
    for (const text of ['one', 'three']) socket.send(text, { channel: 'notes' });
    expect(socket.stats().channels).toEqual([
      { name: 'files', messages: 1, bytes: 200 * KIB, isHeldUp: false },
      { name: 'notes', messages: 2, bytes: 8, isHeldUp: false },
    ]);
    const connection = await server.accept();
    await settle();
    const bytes = 200 * KIB - file.sentBytes;
    expect(file.sentBytes).toBeGreaterThan(0);
    expect(socket.stats().channels).toEqual([{ name: 'files', messages: 1, bytes, isHeldUp: false }]);
    server.isAcking = true;
    connection.ack();
    await file.delivered;
    expect(socket.stats().channels).toEqual([]);
  });

  test('count what went over the wire, over all connections', async () => {
    const { url, sessions, wss } = await startServer();
    const socket = openSocket(url);
    const resumes = collect(socket, 'resume');
    expect(socket.stats()).toMatchObject({
      sentBytes: 0,
      sentPackets: 0,
      connections: 0,
      rttMs: 0,
      limitBytes: 16_384,
    });
    await socket.send(patternBytes(MIB)).delivered;
    const session = await sessions.next();
    listen(session);
    await session.send(patternBytes(100_000)).delivered;
    const first = socket.stats();

    for (const client of wss.clients) client.terminate();
    await resumes.next();
    await socket.send(patternBytes(MIB)).delivered;

    const second = socket.stats();
    expect(first.sentBytes).toBeGreaterThan(MIB);
    expect(first.sentBytes).toBeLessThan(1.02 * MIB);
    expect(first.receivedBytes).toBeGreaterThan(100_000);
    expect(first.connections).toBe(1);
    expect(first.rttMs).toBeGreaterThan(0);
    expect(first.bytesPerSecond).toBeGreaterThan(0);
    expect(first.limitCeilingBytes).toBe(Infinity);
    expect(second.connections).toBe(2);
    expect(second.sentBytes).toBeGreaterThan(2 * MIB);
    expect(second.bufferedBytes).toBe(0);
    expect(second.inFlightBytes).toBe(0);
    expect(second.resentBytes).toBe(0);
  });
});
