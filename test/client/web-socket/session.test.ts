import { describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/index.ts';
import { ChunkWebSocket } from '../../../src/websocket.ts';
import type { ServerSession } from '../../../src/server.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { startServer } from '../../support/start-server.ts';
import type { StartedServer } from '../../support/start-server.ts';
import { NodeWebSocket } from '../support.ts';
import { openDropIn } from './support.ts';
import type { Opened } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

interface Connected extends Opened, StartedServer {
  readonly session: ServerSession;
}

async function connect(
  ...[options, serverOptions, wsOptions]: [
    Parameters<typeof openDropIn>[1]?,
    Parameters<typeof startServer>[0]?,
    Parameters<typeof startServer>[1]?,
  ]
): Promise<Connected> {
  const server = await startServer(serverOptions, wsOptions);
  const opened = openDropIn(server.url, options);
  const session = await server.sessions.next();
  await opened.opened;
  return { ...server, ...opened, session };
}

function echo(session: ServerSession): void {
  session.on('message', ({ data }) => session.send(data));
}

describe('messages', () => {
  test('of any size and type go both ways through a limit of 32 KiB, in order', async () => {
    const { socket, session, told } = await connect({}, { maxBufferedBytes: 64 * MIB }, { maxPayload: 32 * KIB });
    echo(session);
    socket.binaryType = 'arraybuffer';
    const sizes = [0, 1, 32 * KIB - 1, 32 * KIB, 32 * KIB + 1, 300 * KIB, 16 * MIB];
    for (const size of sizes) {
      socket.send('x'.repeat(size));
      socket.send(patternBytes(size));
      socket.send(new Blob([patternBytes(size)]));
    }
    const expected = sizes.flatMap((size) => [`string ${size}`, `bytes ${size}`, `bytes ${size}`]);
    await expect.poll(() => told.length - 1, { timeout: 20_000 }).toBe(expected.length);
    const got = told.slice(1).map((event) => {
      const data = event.type === 'message' ? event.data : undefined;
      return typeof data === 'string' ? `string ${data.length}` : `bytes ${(data as ArrayBuffer).byteLength}`;
    });
    expect(got).toEqual(expected);
    const last = told.at(-1) as { data: ArrayBuffer };
    expect(Buffer.compare(new Uint8Array(last.data), patternBytes(16 * MIB))).toBe(0);
  }, 30_000);

  test('come in a task each, also when many came in one packet', async () => {
    const { socket, session } = await connect();
    const heard: string[] = [];
    const nextData = (): Promise<string> =>
      new Promise((resolve) => {
        socket.addEventListener(
          'message',
          ({ data }) => {
            resolve(String(data));
          },
          { once: true },
        );
      });
    const reading = (async () => {
      while (heard.length < 500) {
        heard.push(await nextData());
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      }
    })();
    for (let index = 0; index < 500; index++) session.send(`${index}`);
    await reading;
    expect(heard).toEqual(Array.from({ length: 500 }, (_, index) => `${index}`));
  });

  test('give their credit back as they are told, not before', async () => {
    const { socket, session } = await connect();
    let count = 0;
    socket.addEventListener('message', () => {
      count++;
    });
    const transfers = Array.from({ length: 2000 }, () => session.send('x'.repeat(1000)));
    await Promise.all(transfers.map(({ delivered }) => delivered));
    await expect.poll(() => count).toBe(2000);
  });

  test('that are whole come before the close, and those after close() do not come', async () => {
    const { session, told, types, closed, socket } = await connect();
    for (let index = 0; index < 50; index++) session.send(`${index}`);
    void session.close(3001, 'done');
    expect(await closed).toMatchObject({ code: 3001, reason: 'done', wasClean: true });
    expect(types()).toEqual(['open', ...Array.from({ length: 50 }, () => 'message'), 'close']);
    expect(told.at(-2)).toEqual({ type: 'message', data: '49' });
    expect(socket.readyState).toBe(3);

    const second = await connect();
    second.socket.close();
    second.session.send('late');
    await second.closed;
    expect(second.types()).toEqual(['open', 'close']);
  });

  test('are Blobs unless told otherwise, at the time they come', async () => {
    const { socket, session, told } = await connect();
    expect(socket.binaryType).toBe('blob');
    session.send(patternBytes(10));
    await expect.poll(() => told.length).toBe(2);
    socket.binaryType = 'arraybuffer';
    socket.binaryType = 'no such' as BinaryType;
    session.send(patternBytes(10));
    await expect.poll(() => told.length).toBe(3);
    const [, first, second] = told as { data: unknown }[];
    expect(await (first?.data as Blob).arrayBuffer()).toEqual(second?.data);
  });
});

describe('drops', () => {
  test('are bridged: nothing is lost, and nothing is told', async () => {
    const { socket, session, wss, types, told } = await connect({}, { resumeMs: 60_000 }, { maxPayload: 32 * KIB });
    echo(session);
    socket.binaryType = 'arraybuffer';
    for (let round = 0; round < 10; round++) {
      socket.send(patternBytes(200 * KIB, round));
      for (const one of wss.clients) one.terminate();
      await expect.poll(() => told.length).toBe(round + 2);
    }
    expect(new Set(types().slice(1))).toEqual(new Set(['message']));
    expect(socket.readyState).toBe(1);
    for (const [round, event] of told.slice(1).entries()) {
      const { data } = event as { data: ArrayBuffer };
      expect(Buffer.compare(new Uint8Array(data), patternBytes(200 * KIB, round))).toBe(0);
    }
  });

  test('that cannot be resumed in time are a close with 1006', async () => {
    const { socket, wss, types, closed } = await connect({}, { resumeMs: 40 });
    wss.close();
    for (const one of wss.clients) one.terminate();
    expect(await closed).toMatchObject({ code: 1006, wasClean: false });
    expect(types()).toEqual(['open', 'close']);
    expect(socket.readyState).toBe(3);
  });

  test('after which the server has forgotten the session are a close with 1006, and no second session', async () => {
    const { session, wss, types, closed, sessions } = await connect({}, { resumeMs: 60_000 });
    session.terminate();
    for (const one of wss.clients) one.terminate();
    const { code, wasClean } = await closed;
    expect([code, wasClean]).toEqual([expect.any(Number), false]);
    expect(code).not.toBe(1000);
    expect(types()).toEqual(['open', 'close']);
    expect(sessions.items).toEqual([]);
  });

  test('of the first connection are the end, as of every WebSocket', async () => {
    const { url, wss } = await startServer();
    await new Promise((resolve) => {
      wss.close(resolve);
    });
    const { socket, types, closed } = openDropIn(url);
    expect(socket.readyState).toBe(0);
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(types()).toEqual(['error', 'close']);
  });
});

describe('the end', () => {
  test.each([
    [1000, ''],
    [3000, 'bye'],
    [4905, 'one of ours'],
    [4999, '€'.repeat(41)],
  ])('close(%i) tells both sides code and reason', async (code, reason) => {
    const { socket, session, closed, types } = await connect();
    const atServer = new Promise((resolve) => session.on('close', resolve));
    socket.close(code, reason);
    expect(socket.readyState).toBe(2);
    expect(await closed).toMatchObject({ code, reason, wasClean: true });
    expect(types()).toEqual(['open', 'close']);
    expect(await atServer).toMatchObject({ code, reason, wasClean: true });
  });

  test('close() without a code is 1005 on both sides', async () => {
    const { socket, session, closed } = await connect();
    const atServer = new Promise((resolve) => session.on('close', resolve));
    socket.close();
    expect(await closed).toMatchObject({ code: 1005, reason: '', wasClean: true });
    expect(await atServer).toMatchObject({ code: 1005 });
  });

  test('close() sends what was sent before it', async () => {
    const { socket, session, closed } = await connect();
    const got: unknown[] = [];
    session.on('message', ({ data }) => got.push((data as Uint8Array).length));
    socket.send(patternBytes(3 * MIB));
    socket.close();
    await closed;
    expect(got).toEqual([3 * MIB]);
    expect(socket.bufferedAmount).toBe(0);
  });

  test('close() while connecting is an error and a close with 1006', async () => {
    const { url } = await startServer();
    const { socket, types, closed } = openDropIn(url);
    socket.close(3000, 'x');
    expect(socket.readyState).toBe(2);
    expect(await closed).toMatchObject({ code: 1006, reason: '', wasClean: false });
    expect(types()).toEqual(['error', 'close']);
  });

  test('a server that goes away is a close with 1001, after what was under way', async () => {
    const { socket, server, session, closed, types } = await connect();
    const got: unknown[] = [];
    session.on('message', ({ data }) => got.push((data as Uint8Array).length));
    const begun = new Promise((resolve) => session.on('incoming', resolve));
    socket.send(patternBytes(3 * MIB));
    await begun;
    const gone = server.close({ deadlineMs: 10_000 });
    expect(await closed).toMatchObject({ code: 1001, wasClean: true });
    expect(types()).toEqual(['open', 'close']);
    expect(got).toEqual([3 * MIB]);
    await gone;
  });

  test('a server that goes away makes it CLOSING: what comes is still told, and what is sent is only counted', async () => {
    const { socket, server, session, told, closed } = await connect();
    let finish: () => void = () => undefined;
    async function* live(): AsyncGenerator<string> {
      yield 'begun, ';
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      yield 'and done';
    }
    const transfer = session.send(live(), { channel: 'live' });
    await expect.poll(() => transfer.ackedBytes).toBe('begun, '.length);
    const gone = server.close({ deadlineMs: 10_000 });
    await expect.poll(() => socket.readyState).toBe(2);
    const before = socket.bufferedAmount;
    socket.send('four');
    expect(socket.bufferedAmount).toBe(before + 4);
    finish();
    expect(await closed).toMatchObject({ code: 1001, wasClean: true });
    expect(told.slice(1, -1)).toEqual([{ type: 'message', data: 'begun, and done' }]);
    expect(socket.bufferedAmount).toBe(4);
    await gone;
  });

  test('close() while the server goes away ends the messages', async () => {
    const { socket, server, session, types, closed } = await connect();
    let finish: () => void = () => undefined;
    async function* live(): AsyncGenerator<string> {
      yield 'begun, ';
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      yield 'and done';
    }
    const transfer = session.send(live());
    await expect.poll(() => transfer.ackedBytes).toBe('begun, '.length);
    const gone = server.close({ deadlineMs: 10_000 });
    await expect.poll(() => socket.readyState).toBe(2);
    socket.close(3002, 'mine');
    finish();
    await closed;
    expect(types()).toEqual(['open', 'close']);
    await gone;
  });

  test('a server that closes on what was not sent yet is not a clean close, and bufferedAmount keeps what is lost', async () => {
    const { socket, session, closed, types } = await connect({}, { poolBytes: 2 * MIB, maxMessageBytes: MIB });
    const held = new Promise((resolve) => session.once('incoming', resolve));
    for (let index = 0; index < 8; index++) socket.send(patternBytes(MIB));
    await held;
    void session.close(3001, 'enough');
    expect(await closed).toMatchObject({ code: 3001, reason: 'enough', wasClean: false });
    expect(types()).toEqual(['open', 'error', 'close']);
    expect(socket.bufferedAmount).toBeGreaterThan(0);
  });

  test('close() after the server began to go away does not wait as long as that does', async () => {
    const { socket, server, session, closed } = await connect();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield await new Promise<never>(() => undefined);
    }
    session.send('first');
    void session.send(endless(), { channel: 'live' });
    const gone = server.close({ deadlineMs: 3_600_000 });
    await expect.poll(() => session.status).not.toBe('open');
    socket.close(1000);
    expect(await closed).toMatchObject({ wasClean: true });
    await gone;
  });

  test('a message that the server does not take is a close with 1009', async () => {
    const { socket, closed, types } = await connect({}, { maxMessageBytes: 10_000, maxStreamBytes: 10_000 });
    socket.send(patternBytes(10_000));
    socket.send(patternBytes(10_001));
    expect(await closed).toMatchObject({ code: 1009, wasClean: false });
    expect(types()).toEqual(['open', 'error', 'close']);
  });

  test('a full buffer is a close with 1006', async () => {
    const { socket, closed } = await connect({ maxBufferedBytes: 100_000 });
    socket.send(patternBytes(100_000));
    expect(socket.readyState).toBe(1);
    socket.send(patternBytes(1));
    expect(await closed).toMatchObject({ code: 1006, wasClean: false });
  });

  test('what ends the socket on this side is no clean close at the server', async () => {
    const { socket, session, closed } = await connect({ maxBufferedBytes: 100_000 });
    const atServer = new Promise((resolve) => session.on('close', resolve));
    socket.send(patternBytes(100_000));
    socket.send(patternBytes(1));
    await closed;
    expect(await atServer).toMatchObject({ code: 4906, wasClean: false });
    expect(socket.bufferedAmount).toBeGreaterThan(0);
  });
});

test('bufferedAmount counts bytes, falls as they arrive, and not because of the close', async () => {
  const { socket, session, wss, closed, sessions } = await connect({}, { resumeMs: 30 });
  session.on('message', () => undefined);
  socket.send('é'.repeat(1000));
  expect(socket.bufferedAmount).toBe(2000);
  await expect.poll(() => socket.bufferedAmount).toBe(0);
  wss.close();
  for (const one of wss.clients) one.terminate();
  socket.send('é'.repeat(500));
  await closed;
  expect(socket.bufferedAmount).toBe(1000);
  socket.send(new Uint8Array(7));
  socket.send(new Blob(['12345']));
  expect(socket.bufferedAmount).toBe(1012);
  expect(sessions.items).toEqual([]);
});

test('the application’s subprotocol is that of the server’s choice', async () => {
  const { url } = await startServer({ protocols: ['two'] });
  const { socket, opened } = openDropIn(url, {}, ['one', 'two']);
  expect([socket.protocol, socket.url, socket.extensions]).toEqual(['', `${url}/`, '']);
  await opened;
  expect(socket.protocol).toBe('two');
});

test('a class with options bound has the interface of the class itself', () => {
  const Bound = ChunkWebSocket.with({ WebSocket: NodeWebSocket });
  expect([Bound.name, Bound.length, Bound.OPEN, Bound.prototype.CLOSED]).toEqual(['WebSocket', 1, 1, 3]);
  expect(() => ChunkWebSocket.with({ retryBaseMs: -1 })).toThrow(OptionError);
  expect(() => new Bound('ftp://x')).toThrow(DOMException);
  expect(() => new Bound('ws://x', ['a', 'a'])).toThrow(DOMException);
});

test('20,000 messages in one burst are told in a task each', async () => {
  const { session, told } = await connect();
  for (let index = 0; index < 20_000; index++) session.send(`${index}`);
  await expect.poll(() => told.length, { timeout: 20_000 }).toBe(20_001);
  expect(told.at(-1)).toEqual({ type: 'message', data: '19999' });
}, 30_000);
