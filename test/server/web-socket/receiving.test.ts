import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { MAX_WAITING_BYTES } from '../../../src/server/web-socket/message-gate.ts';
import { openSocket } from '../../client/support.ts';
import { Inbox } from '../../support/inbox.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { asOurs, closeOf, connect, kinds, openChunk, startWebSocketServer } from './rig.ts';
import type { AnySocket } from './rig.ts';

interface Received {
  readonly data: unknown;
  readonly isBinary: boolean;
}

function messagesOf(socket: AnySocket): Inbox<Received> {
  const inbox = new Inbox<Received>();
  socket.on('message', (data, isBinary) => {
    inbox.push({ data, isBinary });
  });
  return inbox;
}

/** Lets everything run that is due, some times over. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(kinds)('a socket of %s', (kind) => {
  test('gives text as a Buffer, and bytes in the form that is set', async () => {
    const { socket, client } = await connect(kind);
    const messages = messagesOf(socket);
    client.send('grüß');
    expect(await messages.next()).toEqual({ data: Buffer.from('grüß'), isBinary: false });
    const next = async (type: string): Promise<unknown> => {
      socket.binaryType = type as 'fragments';
      client.send(Uint8Array.of(1, 2, 3));
      const { data, isBinary } = await messages.next();
      expect(isBinary).toBe(true);
      return data;
    };
    expect(socket.binaryType).toBe('nodebuffer');
    expect(await next('nodebuffer')).toEqual(Buffer.from([1, 2, 3]));
    expect(await next('arraybuffer')).toEqual(Uint8Array.of(1, 2, 3).buffer);
    expect(await next('fragments')).toEqual([Buffer.from([1, 2, 3])]);
    expect(await ((await next('blob')) as Blob).arrayBuffer()).toEqual(Uint8Array.of(1, 2, 3).buffer);
    expect(await next('nonsense')).toBeInstanceOf(Blob);
    expect(socket.binaryType).toBe('blob');
    socket.binaryType = 'arraybuffer';
    client.send('text');
    expect(await messages.next()).toEqual({ data: Buffer.from('text'), isBinary: false });
    client.send(new Uint8Array(0));
    expect(await messages.next()).toEqual({ data: new ArrayBuffer(0), isBinary: true });
  });

  test('has nothing of an open to tell', async () => {
    const { socket } = await connect(kind);
    let opens = 0;
    socket.on('open', () => opens++);
    await settle();
    expect(opens).toBe(0);
    expect(socket).toMatchObject({ readyState: 1, protocol: '', extensions: '', isPaused: false, bufferedAmount: 0 });
    expect(socket).toMatchObject({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
    expect(Object.assign({}, socket.constructor)).toMatchObject({ CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
  });

  test('takes nothing while it is paused, and then everything in order', async () => {
    const { socket, client } = await connect(kind);
    const messages = messagesOf(socket);
    client.send('0');
    await messages.next();
    socket.pause();
    expect(socket.isPaused).toBe(true);
    for (let index = 1; index <= 50; index++) client.send(`${index}`);
    await settle();
    expect(messages.items).toEqual([]);
    socket.resume();
    expect(socket.isPaused).toBe(false);
    expect(messages.items).toEqual([]);
    const all = await messages.take(50);
    expect(all.map(({ data }) => String(data))).toEqual(Array.from({ length: 50 }, (_, index) => `${index + 1}`));
  });

  test('can be paused in the middle by its listener', async () => {
    const { socket, client } = await connect(kind);
    const messages = messagesOf(socket);
    socket.on('message', (data) => {
      if ((data as Buffer).toString() === '1') socket.pause();
    });
    for (let index = 0; index < 3; index++) client.send(`${index}`);
    await messages.take(2);
    await settle();
    socket.resume();
    expect(String((await messages.next()).data)).toBe('2');
  });

  test('loses nothing when the client closes while it is paused', async () => {
    const { socket, client } = await connect(kind);
    const told: string[] = [];
    socket.on('message', (data) => told.push((data as Buffer).toString()));
    const closed = closeOf(socket).then((close) => told.push(`close ${close.code} ${close.reason}`));
    socket.pause();
    for (let index = 0; index < 3; index++) client.send(`${index}`);
    client.close(4000, 'bye');
    await settle();
    expect(told).toEqual([]);
    socket.resume();
    await closed;
    expect(told).toEqual(['0', '1', '2', 'close 4000 bye']);
  });

  test('still gives what the client had sent when it closes itself', async () => {
    const { socket, client } = await connect(kind);
    const messages = messagesOf(socket);
    client.send('first');
    await messages.next();
    for (let index = 0; index < 3; index++) client.send(`${index}`);
    client.close(4000);
    socket.close(4001);
    expect((await messages.take(3)).map(({ data }) => String(data))).toEqual(['0', '1', '2']);
  });

  test('has listeners and handlers as a target of events', async () => {
    const { socket, client } = await connect(kind);
    const told: unknown[] = [];
    const listener = {
      handleEvent: (event: { type: string }) => told.push([event.type, (event as { data?: unknown }).data]),
    };
    socket.addEventListener('message', listener);
    socket.addEventListener('message', listener);
    socket.addEventListener('message', ({ data }) => told.push(`once ${data as string}`), { once: true });
    socket.addEventListener('nothing' as 'open', listener);
    socket.onmessage = function (this: unknown, { data, target }) {
      told.push(`handler ${data as string} ${target === socket && this === socket}`);
    };
    const { onmessage } = socket;
    expect(onmessage).toBeTypeOf('function');
    client.send('a');
    await expect.poll(() => told).toHaveLength(3);
    expect(told.splice(0)).toEqual([['message', 'a'], 'once a', 'handler a true']);

    socket.onmessage = null;
    expect(socket.onmessage).toBeNull();
    socket.onmessage = ({ data }) => told.push(data);
    socket.removeEventListener('message', listener);
    client.send(Uint8Array.of(1));
    await expect.poll(() => told).toHaveLength(1);
    expect(told.splice(0)).toEqual([Buffer.from([1])]);

    socket.onerror = ({ error, message, type }) => told.push([type, (error as Error).message, message]);
    socket.emit('error', new Error('made up'));
    expect(told.splice(0)).toEqual([['error', 'made up', 'made up']]);
    socket.onclose = ({ type, code, reason, wasClean }) => told.push([type, code, reason, wasClean]);
    socket.onopen = () => told.push('open');
    client.close(4000, 'bye');
    await expect.poll(() => told).toEqual([['close', 4000, 'bye', true]]);
    expect(socket.onopen).toBeTypeOf('function');
  });

  test('lets what a listener throws be an uncaught exception, and goes on', async () => {
    const { socket, client } = await connect(kind);
    const others = process.listeners('uncaughtException');
    const errors: unknown[] = [];
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => errors.push(error));
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    });
    const error = new Error('of the application');
    socket.once('message', () => {
      throw error;
    });
    client.send('a');
    await expect.poll(() => errors).toEqual([error]);
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('a socket of a session', () => {
  test('holds up its sender while it is paused', async () => {
    const { server, url, connections } = await startWebSocketServer({ maxMessageBytes: 100_000, poolBytes: 200_000 });
    const client = openChunk(url);
    const { socket } = await connections.next();
    const messages = messagesOf(socket);
    socket.pause();
    const data = patternBytes(90_000);
    for (let index = 0; index < 10; index++) client.send(data);
    await expect.poll(() => server.chunk.sessions[0]?.stats().receivedBytes).toBeGreaterThan(90_000);
    await settle();
    expect(server.chunk.sessions[0]?.stats().receivedBytes).toBeLessThan(350_000);
    socket.resume();
    const all = await messages.take(10);
    expect(all.every(({ data: taken }) => data.length === (taken as Buffer).length)).toBe(true);
  });

  test('holds up its sender while it is paused and closes, and loses nothing of what it took', async () => {
    const started = await startWebSocketServer({ maxMessageBytes: 100_000, poolBytes: 200_000 });
    const client = openSocket(started.url);
    const { socket } = await started.connections.next();
    const messages = messagesOf(socket);
    const session = started.server.chunk.sessions[0];
    socket.pause();
    // The client listens to nothing: this is not delivered, so that the close waits.
    for (let index = 0; index < 100; index++) socket.send('x'.repeat(1 << 20));
    socket.close(4000);
    const data = patternBytes(90_000);
    const transfers = Array.from({ length: 40 }, () => client.send(data));
    const receivedBytes = (): number => session?.stats().receivedBytes ?? 0;
    await expect.poll(receivedBytes).toBeGreaterThan(MAX_WAITING_BYTES);
    await settle();
    expect(receivedBytes()).toBeLessThan(MAX_WAITING_BYTES + 90_000 + 350_000);
    socket.resume();
    client.on('message', () => undefined);
    const all = await messages.take(transfers.filter(({ state }) => state === 'delivered').length);
    expect(all.every(({ data: taken }) => data.length === (taken as Buffer).length)).toBe(true);
    await closeOf(socket);
    const deliveredCount = transfers.filter(({ state }) => state === 'delivered').length;
    expect(all.length + messages.items.length).toBe(deliveredCount);
  });

  test('closes behind the last message also where some are still in the session', async () => {
    const started = await startWebSocketServer({ maxMessageBytes: 100_000, poolBytes: 200_000 });
    const client = openSocket(started.url);
    const { socket } = await started.connections.next();
    const seen: string[] = [];
    socket.on('message', () => seen.push('message'));
    const session = started.server.chunk.sessions[0];
    socket.pause();
    for (let index = 0; index < 100; index++) socket.send('x'.repeat(1 << 20));
    socket.close(4000);
    const transfers = Array.from({ length: 400 }, () => client.send(patternBytes(10_000)));
    await expect.poll(() => session?.stats().receivedBytes ?? 0).toBeGreaterThan(MAX_WAITING_BYTES);
    const isDelivered = ({ state }: { state: string }): boolean => state === 'delivered';
    await expect.poll(() => transfers.filter(isDelivered).length * 10_000).toBeGreaterThan(MAX_WAITING_BYTES + 20_000);
    void client.close(1000, '', { drainMs: 0 });
    await expect.poll(() => session?.status).toBe('closed');
    const closed = closeOf(socket).then(() => seen.push('close'));
    await settle();
    expect(seen).toEqual([]);
    socket.resume();
    await closed;
    expect(seen.indexOf('close')).toBe(seen.length - 1);
    expect(seen.length - 1).toBeGreaterThanOrEqual(transfers.filter(isDelivered).length);
  });

  test('takes messages that are larger than the path lets through, and sends such', async () => {
    const started = await startWebSocketServer({ maxMessageBytes: 8 << 20 }, { maxPayload: 64 * 1024 });
    const client = openChunk(started.url);
    const { socket } = await started.connections.next();
    const data = patternBytes(3 << 20);
    socket.on('message', (message) => {
      socket.send(message);
    });
    client.send(data);
    expect(Buffer.compare((await client.messages.next()) as Buffer, data)).toBe(0);
  });

  test('knows its session, and what libraries look for of its TCP socket', async () => {
    const { socket, request } = await connect('chunk');
    expect(asOurs(socket).session.status).toBe('open');
    expect(asOurs(socket)._socket).toMatchObject({
      remoteAddress: request.socket.remoteAddress,
      remotePort: request.socket.remotePort,
      encrypted: false,
    });
  });
});
