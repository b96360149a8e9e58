import { describe, expect, onTestFinished, test } from 'vitest';
import { ChunkSocket, HandshakeError, OptionError } from '../../src/index.ts';
import type { ChunkSocketEvents, ChunkSocketOptions } from '../../src/index.ts';
import { createPair, TestServer } from '../../src/testing.ts';
import type { Pair, PairOptions, TestServerOptions, TestServerSocket } from '../../src/testing.ts';
import { patternBytes } from '../support/pattern-bytes.ts';

const URL = 'wss://app.test/live?room=1';

async function openPair(options: PairOptions<'arraybuffer', 'uint8array'> = {}): Promise<Pair> {
  const pair = await createPair(options);
  onTestFinished(pair.close);
  return pair;
}

function startServer(options: TestServerOptions<'uint8array'> = {}): TestServer {
  const server = new TestServer(options);
  onTestFinished(() => server.close());
  return server;
}

/** A client as an application makes it, but that it comes back soon. */
function connect(server: TestServer, options: ChunkSocketOptions<'arraybuffer'> = {}): ChunkSocket {
  const settings = { retryBaseMs: 5, retryMaxMs: 5, rememberLimits: 'none', ...options } as const;
  const socket = new ChunkSocket(URL, { ...settings, WebSocket: server.WebSocket });
  onTestFinished(() => socket.close(1000, '', { drainMs: 0 }));
  return socket;
}

function next<Name extends keyof ChunkSocketEvents>(
  socket: Pick<ChunkSocket, 'once'>,
  name: Name,
): Promise<ChunkSocketEvents[Name]> {
  return new Promise((resolve) => {
    socket.once(name, resolve);
  });
}

function nextMessage(session: Pair['session']): Promise<string | Uint8Array> {
  return new Promise((resolve) => {
    session.once('message', ({ data }) => {
      resolve(data);
    });
  });
}

/** `toEqual` takes seconds for as many bytes. */
function expectBytes(actual: unknown, expected: Uint8Array): void {
  const bytes = actual instanceof Uint8Array ? actual : new Uint8Array(actual as ArrayBuffer);
  expect(bytes.length).toBe(expected.length);
  expect(bytes.findIndex((byte, index) => byte !== expected[index])).toBe(-1);
}

/** What a raw WebSocket tells, until its close. */
function record(socket: WebSocket): { readonly told: string[]; readonly over: Promise<CloseEvent> } {
  const told: string[] = [];
  for (const name of ['open', 'message', 'error', 'close']) {
    socket.addEventListener(name, () => told.push(name));
  }
  const over = new Promise<CloseEvent>((resolve) => {
    socket.addEventListener('close', resolve);
  });
  return { told, over };
}

/** What `chunksocket/testing` promises, wherever it runs. */
export function describeTesting(): void {
  describe('createPair', () => {
    test('joins a client and a session, in both directions', async () => {
      const { socket, session } = await openPair();
      const echo = next(socket, 'message');
      session.on('message', ({ data }) => session.send(data));

      await socket.send('hello').delivered;

      expect((await echo).data).toBe('hello');
      expect(session.status).toBe('open');
    });

    test('carries what is larger than any packet, and comes whole through a cut', async () => {
      const { socket, session, server } = await openPair();
      const message = nextMessage(session);
      const bytes = patternBytes(3_000_000);
      const transfer = socket.send(bytes);
      const off = transfer.on('progress', () => {
        off();
        server.cut();
      });

      await transfer.delivered;

      expectBytes(await message, bytes);
      expect(socket.stats().connections).toBe(2);
    });

    test('rejects with what the client closed with', async () => {
      await expect(
        createPair({ server: { authorize: () => false }, client: { maxRetries: 0 } }),
      ).rejects.toBeInstanceOf(HandshakeError);
    });
  });

  describe('TestServer', () => {
    test('tells the server of the request, its headers and its subprotocols', async () => {
      const server = startServer({
        server: {
          authorize: ({ request, auth }) => `${request.headers['cookie'] ?? ''} ${String(auth)}`,
          protocols: ['v2'],
        },
        headers: { Cookie: 'id=7' },
      });
      const socket = connect(server, { auth: 'token', protocols: ['v3', 'v2'] });

      const opened = next(socket, 'open');

      const session = await server.nextSession();

      expect(session.identity).toBe('id=7 token');
      expect(session.protocol).toBe('v2');
      expect(session.request).toMatchObject({ url: '/live?room=1', headers: { host: 'app.test' } });
      await opened;
      expect(server.connections.map(({ url }) => url)).toEqual([URL]);
    });

    test('nextSession brings each session once, those that were there before included', async () => {
      const server = startServer();
      const first = connect(server);
      await next(first, 'open');
      connect(server);
      const sessions = [await server.nextSession(), await server.nextSession()];
      expect(sessions).toEqual(server.server.sessions);
    });

    test('isRefusing: no connection opens, and the client comes when it is over', async () => {
      const server = startServer();
      server.isRefusing = true;
      const socket = connect(server);

      const { close, wasOpen } = await next(socket, 'retry');
      expect({ code: close.code, wasOpen }).toEqual({ code: 1006, wasOpen: false });
      expect(server.connections).toEqual([]);

      server.isRefusing = false;
      await next(socket, 'open');
    });

    test('cut: both sides see 1006, and the session is resumed', async () => {
      const { socket, session, server } = await openPair();
      const waiting = new Promise((resolve) => session.once('status', resolve));
      const retry = next(socket, 'retry');
      const resumed = next(socket, 'resume');

      server.cut();

      expect((await retry).close).toMatchObject({ code: 1006, wasClean: false });
      expect(await waiting).toEqual({ status: 'waiting', previous: 'open' });
      expect((await resumed).connections).toBe(2);
    });

    test.each([1001, 1009, 1011, 1012, 1013, 1014])(
      'disconnect(%i): the client sees the code, and comes back',
      async (code) => {
        const { socket, server } = await openPair();
        const retry = next(socket, 'retry');
        const resumed = next(socket, 'resume');

        server.disconnect(code, 'because');

        expect((await retry).close).toEqual({ code, reason: 'because', wasClean: true });
        await resumed;
      },
    );

    test('disconnect with a code that says no ends the socket', async () => {
      const { socket, server } = await openPair();
      const closed = next(socket, 'close');
      server.disconnect(1008, 'policy');
      expect(await closed).toMatchObject({ code: 1008, reason: 'policy' });
    });

    test('one connection can be ended, and others go on', async () => {
      const server = startServer();
      const sockets = [connect(server), connect(server)];
      await Promise.all(sockets.map((socket) => next(socket, 'open')));
      const resumed = next(sockets[0] as ChunkSocket, 'resume');

      server.connections[0]?.cut();

      await resumed;
      expect(sockets.map((socket) => socket.stats().connections)).toEqual([2, 1]);
    });

    test.each([1024, 4096, 10_000])('limitBytes = %i: the client learns it from a 1009', async (limitBytes) => {
      const { socket, session, server } = await openPair();
      server.limitBytes = limitBytes;
      const codes: number[] = [];
      const limits: number[] = [];
      socket.on('retry', ({ close }) => codes.push(close.code));
      socket.on('limit', ({ toBytes }) => limits.push(toBytes));
      const message = nextMessage(session);
      const bytes = patternBytes(2_000_000);

      await socket.send(bytes).delivered;

      expectBytes(await message, bytes);
      expect(codes).toContain(1009);
      expect(limits.at(-1)).toBeLessThanOrEqual(limitBytes);
    });

    test('limitBytes holds for what the server sends, too', async () => {
      const { socket, session, server } = await openPair({ client: { maxPacketBytes: 65_536 } });
      server.limitBytes = 5000;
      const message = next(socket, 'message');
      const bytes = patternBytes(200_000);
      await session.send(bytes).delivered;
      expectBytes((await message).data, bytes);
      expect(socket.stats().connections).toBeGreaterThan(1);
    });

    test('a message of the limit passes, and one byte more closes with 1009', async () => {
      const messages: string[] = [];
      const closes: number[] = [];
      const onPlain = (socket: TestServerSocket): void => {
        socket.on('message', (data) => messages.push(data.toString())).on('close', (code) => closes.push(code));
      };
      const server = startServer({ isPlain: true, onPlain });
      server.limitBytes = 4;
      const socket = new server.WebSocket(URL);
      const { told, over } = record(socket);
      socket.onopen = () => {
        socket.send('1234');
        socket.send('é234');
        socket.send('5');
      };

      const { code, wasClean } = await over;

      expect({ code, wasClean, told }).toEqual({ code: 1009, wasClean: true, told: ['open', 'close'] });
      expect(messages).toEqual(['1234']);
      expect(closes).toEqual([1006]);
    });

    test('latencyMs: everything takes so long in each direction', async () => {
      const server = startServer();
      server.latencyMs = 20;
      const startMs = performance.now();
      const socket = connect(server);
      await next(socket, 'open');
      // There and back for the connection, and again for HELLO and WELCOME.
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(79);
    });

    test('isSilent: nothing arrives and nobody is told, and then all of it', async () => {
      const { socket, session, server } = await openPair();
      const message = nextMessage(session);
      server.isSilent = true;
      const transfer = socket.send('held');
      const fromServer = next(socket, 'message');
      session.send('held, too');
      // Longer than everything takes otherwise.
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      expect(transfer.state).not.toBe('delivered');
      expect([socket.status, session.status, server.connections.length]).toEqual(['open', 'open', 1]);

      server.isSilent = false;

      expect(await message).toBe('held');
      expect((await fromServer).data).toBe('held, too');
      await transfer.delivered;
      expect(socket.stats().connections).toBe(1);
    });

    test('isSilent: a closing handshake that was held is finished afterwards', async () => {
      const server = startServer({ isPlain: true });
      const socket = new server.WebSocket(URL);
      await new Promise((resolve) => (socket.onopen = resolve));
      const { told, over } = record(socket);
      server.isSilent = true;
      socket.close(4000, 'done');
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      expect(told).toEqual([]);
      server.isSilent = false;
      expect(await over).toMatchObject({ code: 4000, reason: 'done', wasClean: true });
      expect(server.connections).toEqual([]);
    });

    test('isOffline: connections are lost, and new ones fail until it is over', async () => {
      const { socket, server } = await openPair();
      const attempts: (number | boolean)[] = [];
      socket.on('retry', ({ wasOpen, close }) => attempts.push(wasOpen, close.code));
      server.isOffline = true;
      await next(socket, 'retry');
      await next(socket, 'retry');
      expect(attempts.slice(0, 4)).toEqual([true, 1006, false, 1006]);
      expect(server.connections).toEqual([]);

      const resumed = next(socket, 'resume');
      server.isOffline = false;
      await resumed;
    });

    test('isPlain: the fallback of a client finds a plain server', async () => {
      const onPlain = (socket: TestServerSocket): void => {
        socket.on('message', (data, isBinary) => {
          socket.send(isBinary ? data : `got ${data.toString()}`);
        });
      };
      const server = startServer({ isPlain: true, onPlain });
      const socket = connect(server, { fallback: 'plain' });
      const answers: unknown[] = [];
      const both = new Promise<void>((resolve) => {
        socket.on('message', ({ data }) => {
          if (answers.push(data) === 2) resolve();
        });
      });
      socket.send('text');
      socket.send(new Uint8Array([1, 2, 3]));
      await both;
      expect(answers[0]).toBe('got text');
      expect(new Uint8Array(answers[1] as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]));
    });

    test('close ends sessions and sockets, and refuses what comes later', async () => {
      const { socket, session, server } = await openPair();
      const closed = next(socket, 'close');
      await server.close();
      expect(await closed).toMatchObject({ code: 4906 });
      expect(session.status).toBe('closed');
      const later = new server.WebSocket(URL);
      expect((await record(later).over).code).toBe(1006);
    });

    test.each([-1, NaN])('%d is no latency and no limit', (value) => {
      const server = startServer();
      expect(() => (server.latencyMs = value)).toThrow(OptionError);
      expect(() => (server.limitBytes = value)).toThrow(OptionError);
      expect([server.latencyMs, server.limitBytes]).toEqual([0, Infinity]);
    });
  });

  describe('its WebSocket', () => {
    test('has the constants of the class, and follows readyState', async () => {
      const server = startServer({ isPlain: true });
      const { WebSocket } = server;
      expect([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]).toEqual([0, 1, 2, 3]);
      const socket = new WebSocket('https://app.test/a');
      expect([socket.readyState, socket.url, socket.protocol]).toEqual([0, 'wss://app.test/a', '']);
      await new Promise((resolve) => (socket.onopen = resolve));
      expect(socket.readyState).toBe(1);
      const { over } = record(socket);
      socket.close(3210, 'bye');
      expect(socket.readyState).toBe(2);
      expect(await over).toMatchObject({ code: 3210, reason: 'bye', wasClean: true });
      expect(socket.readyState).toBe(3);
      socket.send('late');
      expect(socket.bufferedAmount).toBe(4);
    });

    test('fails as the standard says where the server chooses none of the subprotocols', async () => {
      const server = startServer();
      const { told, over } = record(new server.WebSocket(URL, 'chunksocket.plain'));
      expect((await over).code).toBe(1006);
      expect(told).toEqual(['error', 'close']);
    });

    test('closed before it opens, it fails', async () => {
      const server = startServer({ isPlain: true });
      const socket = new server.WebSocket(URL);
      const { told, over } = record(socket);
      socket.close();
      expect((await over).code).toBe(1006);
      expect(told).toEqual(['error', 'close']);
      expect(server.connections).toEqual([]);
    });

    test.each([
      ['wss://[', undefined, 'SyntaxError'],
      ['ftp://app.test', undefined, 'SyntaxError'],
      ['wss://app.test', 'a b', 'SyntaxError'],
      ['wss://app.test', ['a', 'a'], 'SyntaxError'],
    ])('refuses %s with %o', (url, protocols, name) => {
      const server = startServer();
      expect(() => new server.WebSocket(url, protocols)).toThrow(expect.objectContaining({ name }) as Error);
    });

    test('throws where the standard does', async () => {
      const server = startServer({ isPlain: true });
      const socket = new server.WebSocket(URL);
      expect(() => {
        socket.send('too early');
      }).toThrow(expect.objectContaining({ name: 'InvalidStateError' }) as Error);
      await new Promise((resolve) => (socket.onopen = resolve));
      expect(() => {
        socket.close(1009);
      }).toThrow(expect.objectContaining({ name: 'InvalidAccessError' }) as Error);
    });

    test('sends blobs in their turn, and delivers them where they are asked for', async () => {
      const server = startServer({
        isPlain: true,
        onPlain: (socket) => {
          socket.on('message', (data, isBinary) => {
            socket.send(data, { binary: isBinary });
          });
        },
      });
      const socket = new server.WebSocket(URL);
      await new Promise((resolve) => (socket.onopen = resolve));
      const came: unknown[] = [];
      const all = new Promise<void>((resolve) => {
        socket.onmessage = ({ data }: MessageEvent<unknown>) => {
          came.push(data);
          if (came.length === 2) socket.binaryType = 'arraybuffer';
          if (came.length === 3) resolve();
        };
      });
      socket.send(new Blob(['first']));
      socket.send('second');
      expect(socket.bufferedAmount).toBe(11);
      socket.send(new Blob(['third']));
      await all;
      expect(await (came[0] as Blob).text()).toBe('first');
      expect(came[1]).toBe('second');
      expect(new TextDecoder().decode(came[2] as ArrayBuffer)).toBe('third');
      expect(socket.bufferedAmount).toBe(0);
    });
  });
}
