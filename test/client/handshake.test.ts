import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';
import type { ConnectionContext } from '../../src/index.ts';
import { decodePacket } from '../../src/protocol/packet.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';
import { collect, openScripted, openSocket } from './support.ts';

/** A server of `ws` that knows nothing of the protocol. */
async function startForeign(options: Pick<ServerOptions, 'handleProtocols'> = {}): Promise<string> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await once(wss, 'listening');
  wss.on('connection', (socket) => {
    socket.send('welcome to another protocol');
  });
  onTestFinished(() => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  });
  return `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;
}

describe('a server that does not speak the protocol', () => {
  test.each([
    ['echoes the first name that is offered, as ws does', {}, {}, 'chunksocket.plain'],
    ['chooses the subprotocol of the application', {}, { protocols: ['graphql-ws'] }, 'graphql-ws'],
    ['chooses a later one', { handleProtocols: (): string => 'mqtt' }, { protocols: ['amqp', 'mqtt'] }, 'mqtt'],
  ])('and %s is one HandshakeError', async (_name, serverOptions, options, chosen) => {
    const socket = openSocket(await startForeign(serverOptions), options);
    const errors = collect(socket, 'error');
    const closes = collect(socket, 'close');
    const retries = collect(socket, 'retry');
    const { delivered } = socket.send('hello');

    const { error } = await closes.next();

    expect(error).toMatchObject({ name: 'HandshakeError', code: 'ERR_HANDSHAKE', closeCode: 1000 });
    expect(error?.message).toContain('chunksocket.v1');
    expect(error?.message).toContain(chosen);
    expect(error?.hint).toContain('fallback');
    expect(errors.items).toEqual([{ error }]);
    expect(retries.items).toEqual([]);
    await expect(delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', cause: error });
  });

  test('and chooses nothing, where the platform lets that open, is the same', async () => {
    const { socket, server } = openScripted();
    const closes = collect(socket, 'close');

    (await server.next()).open('');

    expect(closes.items[0]?.error?.message).toContain('it chose ""');
  });
});

describe('the application subprotocol', () => {
  test('is agreed on inside the handshake', async () => {
    const { url } = await startServer({ protocols: ['two', 'three'] });
    const socket = openSocket(url, { protocols: ['one', 'two', 'three'] });
    const before = socket.protocol;

    const { protocol } = await collect(socket, 'open').next();

    expect([before, protocol, socket.protocol]).toEqual(['', 'two', 'two']);
  });

  test('is empty where the server wants none', async () => {
    const { url } = await startServer();
    const socket = openSocket(url, { protocols: ['one'] });

    expect(await collect(socket, 'open').next()).toEqual({ protocol: '' });
  });
});

describe('the url function', () => {
  test('is asked for each connection, with attempt and route', async () => {
    const asked: ConnectionContext[] = [];
    const { url, server, wss } = await startServer({ route: 'node-7' });
    const socket = openSocket((context) => {
      asked.push(context);
      return `${url}/live?node=${context.route ?? 'any'}`;
    });
    const resumes = collect(socket, 'resume');
    const requests: (string | undefined)[] = [];
    wss.on('connection', (_peer, request) => requests.push(request.url));
    await socket.send('one').delivered;

    for (const client of wss.clients) client.terminate();
    await resumes.next();
    await socket.send('two').delivered;

    expect(asked).toMatchObject([
      { attempt: 0, route: undefined, wasRefused: false },
      { attempt: 1, route: 'node-7', wasRefused: false },
    ]);
    expect(requests).toEqual(['/live?node=any', '/live?node=node-7']);
    expect(server.sessions).toHaveLength(1);
  });

  test.each([
    ['a string', (url: string): unknown => url],
    ['a URL', (url: string): unknown => new URL(url)],
    ['a promise', (url: string): unknown => Promise.resolve(url)],
    [
      'a thenable',
      (url: string): unknown => ({
        then: (resolve: (value: string) => void) => {
          resolve(url);
        },
      }),
    ],
  ])('may answer with %s', async (_name, answer) => {
    const { url } = await startServer();
    const socket = openSocket(() => answer(url) as string);

    await socket.send('hello').delivered;
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no token');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no token'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the case
    ['rejects with what is no Error', () => Promise.reject('no token')],
  ])('that %s is asked again, with backoff, and its error is told', async (_name, fail) => {
    let count = 0;
    const { socket, server, clock } = openScripted({
      auth: () => (++count < 3 ? fail() : 'fine'),
    });
    const errors = collect(socket, 'error');
    const retries = collect(socket, 'retry');

    const first = await errors.next();
    await retries.next();
    clock.advance(250);
    await errors.next();
    const { delayMs } = await retries.next();
    clock.advance(delayMs);
    await server.accept();

    expect(first.error).toBeInstanceOf(Error);
    expect(first.error.message).toBe('no token');
    expect(delayMs).toBe(500);
    expect(socket.status).toBe('open');
  });

  test('that answers with no URL ends the socket', async () => {
    const { WebSocket } = openScripted().server;
    const socket = openSocket(() => 'not a url', { WebSocket });

    const { error } = await collect(socket, 'close').next();

    expect(error).toMatchObject({ code: 'ERR_OPTION', option: 'url', value: 'not a url' });
  });

  test('that takes longer than the socket lives opens nothing', async () => {
    let answer: (url: string) => void = () => undefined;
    const { server } = openScripted();
    await server.next();
    const socket = openSocket(() => new Promise<string>((resolve) => (answer = resolve)), {
      WebSocket: server.WebSocket,
    });

    await socket.close();
    answer('ws://host/');
    await settle();

    expect(server.sockets).toHaveLength(1);
  });
});

describe('auth', () => {
  test('of 3072 bytes of JSON fits, one more is an OptionError', async () => {
    const { url, sessions } = await startServer({ authorize: ({ auth }) => (auth as string).length === 3070 });
    const fits = openSocket(url, { auth: 'x'.repeat(3070) });
    await fits.send('hello').delivered;
    const socket = openSocket(url, { auth: 'x'.repeat(3071) });

    const { error } = await collect(socket, 'close').next();

    expect(error).toMatchObject({ code: 'ERR_OPTION', option: 'auth' });
    expect(error?.message).toContain('3073');
    expect(error?.message).toContain('3072');
    await sessions.next();
    expect(sessions.items).toHaveLength(0);
  });

  test('that is no JSON ends the socket with an error, not with a crash', async () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const { socket } = openScripted({ auth: circular, maxRetries: 0 });

    const { error } = await collect(socket, 'close').next();

    expect(error).toBeInstanceOf(Error);
  });

  test('travels in HELLO and nowhere else', async () => {
    const { server } = openScripted({ auth: { token: 'secret' } });
    const connection = await server.next();
    connection.open();

    expect(connection.hello.auth).toEqual({ token: 'secret' });
    expect(connection.url).not.toContain('secret');
    expect(connection.protocols.join()).not.toContain('secret');
  });
});

describe('a connection that says nothing', () => {
  test.each([
    ['while it opens', false],
    ['after HELLO', true],
  ])('%s is given up after connectTimeoutMs', async (_name, isOpen) => {
    const { socket, server, clock } = openScripted({ connectTimeoutMs: 4000 });
    const retries = collect(socket, 'retry');
    const connection = await server.next();
    if (isOpen) connection.open();

    clock.advance(3999);
    expect(retries.items).toEqual([]);
    clock.advance(1);

    expect(retries.items).toMatchObject([{ close: { code: 4905, wasClean: false }, wasOpen: isOpen }]);
    expect(connection.closedWith).toMatchObject({ code: 4905 });
    clock.advance(250);
    (await server.next()).accept();
    expect(socket.status).toBe('open');
  });

  test('and is answered late is not heard any more', async () => {
    const { socket, server, clock } = openScripted({ connectTimeoutMs: 4000 });
    const first = await server.next();
    clock.advance(4000);
    clock.advance(250);
    const second = await server.next();

    first.open();
    first.end(1008, 'late');
    second.accept();

    expect(first.packets).toEqual([]);
    expect(socket.status).toBe('open');
  });
});

describe('1009 for HELLO', () => {
  test('three times in a row is LimitTooSmallError, not a loop', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    (await server.accept()).end();

    for (let time = 0; time < 3; time++) {
      clock.advance(clock.delaysMs[0] ?? 0);
      const connection = await server.next();
      connection.open();
      connection.end(1009, '', true);
    }

    expect(closes.items).toMatchObject([{ code: 1009, error: { code: 'ERR_LIMIT_TOO_SMALL', trail: [4096] } }]);
    expect(closes.items[0]?.error?.hint).toMatch(/limit of the server/);
  });

  test('with another answer between is loss', async () => {
    const { socket, server, clock } = openScripted();
    (await server.accept()).end();

    for (const code of [1009, 1009, 1006, 1009, 1009]) {
      clock.advance(clock.delaysMs[0] ?? 0);
      const connection = await server.next();
      connection.open();
      connection.end(code, '', true);
    }
    clock.advance(clock.delaysMs[0] ?? 0);
    (await server.next()).accept();

    expect(socket.status).toBe('open');
  });
});

describe('a path whose limit is below minPacketBytes', () => {
  test('is LimitTooSmallError with every size tried, and the message is not sent again', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    server.maxPacketBytes = 500;
    const transfer = socket.send(patternBytes(100_000));
    let connection = await server.accept();
    const isOver = (): boolean => socket.status === 'closed';
    while (!isOver()) {
      await settle();
      const isRefused = connection.slices.some((bytes) => bytes.length > 500);
      if (!isRefused) break;
      connection.end(1009, '', true);
      clock.advance(clock.delaysMs[0] ?? 0);
      await settle();
      if (!isOver()) connection = await server.accept();
    }

    const { error } = closes.items[0] ?? {};
    expect(error).toMatchObject({ code: 'ERR_LIMIT_TOO_SMALL' });
    const { trail } = error as unknown as { trail: number[] };
    expect(trail[0]).toBe(16_384);
    expect(trail).toContain(4096);
    expect(trail.at(-1)).toBe(512);
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', cause: error });
    expect(server.sockets.length).toBeLessThan(20);
  });
});

test('a client with nothing to send answers WELCOME all the same: the server knows that it came', async () => {
  const { server } = openScripted();
  const connection = await server.accept();
  await settle();
  expect(connection.packets.map((bytes) => decodePacket(bytes))).toMatchObject([
    { kind: 'hello' },
    { kind: 'stream', ack: 0, slice: new Uint8Array() },
  ]);
});
