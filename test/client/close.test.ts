import { describe, expect, test } from 'vitest';
import type { ChunkSocketEvents, Transfer } from '../../src/index.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { closeFrame, messageFrame } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { catchReports, collect, openScripted, openSocket, outcomeOf } from './support.ts';
import type { Scripted } from './support.ts';

const MIB = 1024 * 1024;

/** The server's half of an end in order. */
async function answerClose({ server }: Scripted, connection: ScriptedSocket, code = 1000, reason = ''): Promise<void> {
  server.isAcking = true;
  connection.ack();
  connection.stream(closeFrame(code, reason));
  await settle();
  connection.ack();
  connection.end(1000, '', true);
}

describe('close() of a socket that is', () => {
  test('connecting, with nothing to send: at once', async () => {
    const { socket, server } = openScripted();
    const closes = collect(socket, 'close');
    const connection = await server.next();

    await socket.close(3000, 'never mind');

    expect(closes.items).toEqual([{ code: 3000, reason: 'never mind', wasClean: true, error: undefined }]);
    expect(connection.closedWith).toEqual({ code: 3000, reason: 'never mind' });
    connection.open();
    expect(connection.packets).toEqual([]);
  });

  test('connecting, with something to send: connects, delivers, and closes', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const transfer = socket.send('last words');
    const isClosed = socket.close(4000, 'bye');
    expect(socket.status).toBe('closing');

    const connection = await server.accept();
    await settle();
    await answerClose(scripted, connection, 4000, 'bye');
    await isClosed;

    expect(transfer.state).toBe('delivered');
    expect(socket.status).toBe('closed');
  });

  test('waiting for its next try: at once', async () => {
    const { socket, server, clock } = openScripted();
    (await server.next()).end();

    await socket.close();
    clock.advance(3_600_000);
    await settle();

    expect(server.sockets).toHaveLength(1);
  });

  test('waiting for its url: at once', async () => {
    const { server } = openScripted();
    const socket = openSocket(() => new Promise<string>(() => undefined), { WebSocket: server.WebSocket });

    await socket.close();

    expect(socket.status).toBe('closed');
  });

  test('open: in order', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const statuses = collect(socket, 'status');
    const closes = collect(socket, 'close');
    const connection = await server.accept();

    const isClosed = socket.close();
    await settle();
    await answerClose(scripted, connection);
    await isClosed;

    expect(statuses.items.map(({ status }) => status)).toEqual(['open', 'closing', 'closed']);
    expect(closes.items).toEqual([{ code: 1000, reason: '', wasClean: true, error: undefined }]);
  });

  test('reconnecting: comes back first, to tell the server', async () => {
    const scripted = openScripted();
    const { socket, server, clock } = scripted;
    const closes = collect(socket, 'close');
    (await server.accept()).end();
    const isClosed = socket.close();
    clock.advance(500);
    const second = await server.accept();
    await settle();
    await answerClose(scripted, second);
    await isClosed;

    expect(closes.items).toMatchObject([{ code: 1000, wasClean: true }]);
    expect(second.hello.connection).toBe(2);
  });

  test('closing: changes nothing, and waits for the same end', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const closes = collect(socket, 'close');
    const connection = await server.accept();

    const first = socket.close(4000, 'first');
    const second = socket.close(4001, 'second');
    await settle();
    await answerClose(scripted, connection, 4000, 'first');
    await Promise.all([first, second]);

    expect(closes.items).toMatchObject([{ code: 4000, reason: 'first' }]);
  });

  test('closed: is done already', async () => {
    const { socket } = openScripted();
    const closes = collect(socket, 'close');
    await socket.close();

    await socket.close(4001);

    expect(closes.items).toHaveLength(1);
  });
});

describe('a closing socket', () => {
  test('takes nothing more, and says why', async () => {
    const { socket, server } = openScripted();
    await server.accept();
    void socket.close(4000, 'bye');

    const late = socket.send('late');

    expect(late.state).toBe('failed');
    expect(await outcomeOf(late.delivered)).toMatchObject({ code: 'ERR_CLOSED', closeCode: 4000, reason: 'bye' });
    expect(() => socket.send(1 as unknown as string)).toThrow(TypeError);
  });

  test('is answered by WELCOME ended where the answer was lost with its connection', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const transfer = socket.send('words');
    const first = await server.accept();
    const isClosed = socket.close(1000, 'bye');
    await settle();
    first.end();
    clock.advance(500);
    const second = await server.next();
    second.open();

    second.welcome({ version: 1, result: 'ended', received: server.received, close: { code: 1000, reason: 'bye' } });
    await isClosed;

    expect(closes.items).toEqual([{ code: 1000, reason: 'bye', wasClean: true, error: undefined }]);
    expect(transfer.state).toBe('delivered');
  });

  test('that is told `gone` opens no other session', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const transfer = socket.send('words');
    const first = await server.accept();
    const isClosed = socket.close();
    await settle();
    first.end();
    clock.advance(500);
    const second = await server.next();
    second.open();

    second.welcome({ version: 1, result: 'gone' });
    await isClosed;

    expect(closes.items).toMatchObject([{ code: 1006, wasClean: false }]);
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_CLOSED' });
    expect(second.packets).toHaveLength(1);
  });

  test('is abandoned when drainMs is over', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const transfer = socket.send(patternBytes(MIB));
    const connection = await server.accept();

    const isClosed = socket.close(1000, '', { drainMs: 5000 });
    await settle();
    clock.advance(4999);
    await settle();
    expect(socket.status).toBe('closing');
    clock.advance(1);
    await isClosed;

    expect(closes.items).toMatchObject([{ code: 1006, wasClean: false }]);
    expect(connection.closedWith).toMatchObject({ code: 4906 });
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('is abandoned, too, when it cannot connect', async () => {
    const { socket, clock, server } = openScripted();
    const transfer = socket.send('waits');
    const isClosed = socket.close(1000, '', { drainMs: 5000 });
    (await server.next()).end();
    await settle();

    clock.advance(5000);
    await isClosed;

    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('still hands over what the server sends', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const messages = collect(socket, 'message');
    const connection = await server.accept();
    const isClosed = socket.close();
    await settle();

    connection.stream(messageFrame('one more thing'));
    await answerClose(scripted, connection);
    await isClosed;

    expect(messages.items).toMatchObject([{ data: 'one more thing' }]);
  });
});

describe('close() from inside a listener', () => {
  const names = ['open', 'status', 'retry', 'resume', 'lost', 'limit', 'message', 'drain'] as const;

  test.each(names)('of %s ends the socket, and breaks nothing', async (name: keyof ChunkSocketEvents) => {
    const reports = catchReports();
    // Less than packets start with: the limit is told.
    const { url, sessions, wss } = await startServer({}, { maxPayload: 8192 });
    const other = await startServer();
    let target = url;
    const socket = openSocket(() => target);
    const closes = collect(socket, 'close');
    let isClosed: Promise<void> | undefined;
    const arm = (): void => {
      socket.once(name, () => {
        isClosed = socket.close(1000, name, { drainMs: 2000 });
      });
    };
    if (name === 'open' || name === 'drain' || name === 'limit') arm();
    socket.send(patternBytes(300_000));
    const session = await sessions.next();
    session.on('message', () => undefined);
    if (name === 'status' || name === 'retry' || name === 'resume') {
      await collect(socket, 'drain').next();
      arm();
      for (const client of wss.clients) client.terminate();
    } else if (name === 'message') {
      arm();
      session.send('hello');
    } else if (name === 'lost') {
      await collect(socket, 'drain').next();
      arm();
      target = other.url;
      for (const client of wss.clients) client.terminate();
    }

    const close = await closes.next();
    await isClosed;

    expect(isClosed, 'the listener was called').toBeDefined();
    expect(socket.status).toBe('closed');
    expect(close.error).toBeUndefined();
    expect(reports).toEqual([]);
    expect(closes.items).toEqual([]);
  });

  test('of lost, before the new session begins, sends nothing more', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    socket.on('lost', () => {
      void socket.close();
    });
    const transfer = socket.send('something');
    const first = await server.accept();
    await settle();
    first.ack();
    await transfer.delivered;
    first.end();
    clock.advance(500);
    const second = await server.next();
    second.open();

    expect(() => {
      second.welcome({ version: 1, result: 'gone' });
    }).not.toThrow();

    expect(closes.items).toMatchObject([{ code: 1000, wasClean: true }]);
    expect(second.packets).toHaveLength(1);
    expect(socket.status).toBe('closed');
  });
});

describe('CLOSE by the server', () => {
  test('is answered, and ends the socket with its code', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const closes = collect(socket, 'close');
    const statuses = collect(socket, 'status');
    await socket.send('hello').delivered;

    await (await sessions.next()).close(4321, 'see you');

    expect(await closes.next()).toEqual({ code: 4321, reason: 'see you', wasClean: true, error: undefined });
    expect(statuses.items.map(({ status }) => status)).toEqual(['open', 'closing', 'closed']);
  });

  test('fails what was not begun, and finishes what was', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const connection = (await server.next()).accept({ maxOpenChannels: 1 });
    const begun = socket.send(patternBytes(200_000));
    const waiting = socket.send('not begun');
    await settle();

    connection.stream(closeFrame(1000, 'enough'));
    server.isAcking = true;
    connection.ack();
    await begun.delivered;

    expect(await outcomeOf(waiting.delivered)).toMatchObject({ code: 'ERR_CLOSED', reason: 'enough' });
    expect(await outcomeOf(socket.send('late').delivered)).toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('GOAWAY', () => {
  test('moves what is waiting, and what is sent from then on, to the next session', async () => {
    const { socket, server, clock } = openScripted();
    const connection = await server.accept();
    const begun = socket.send(patternBytes(200_000));
    await settle();
    const waiting = socket.send('waiting');

    connection.stream(encodeControl({ type: 'goaway', deadlineMs: 10_000 }));
    await settle();
    const late = socket.send('late');
    server.isAcking = true;
    connection.ack();
    await begun.delivered;
    expect([waiting.state, late.state]).toEqual(['queued', 'queued']);
    expect(socket.bufferedAmount).toBe(11);
    await settle();
    connection.stream(closeFrame(1001));
    await settle();
    connection.end(1000, '', true);
    await settle();
    clock.advance(50);

    server.received = server.sent = 0;
    const second = await server.accept();
    await Promise.all([waiting.delivered, late.delivered]);

    expect(second.hello).toMatchObject({ connection: 1, expected: false });
    expect(second.hello.session).not.toBe(connection.hello.session);
    expect(socket.status).toBe('open');
  });

  test('by server.close() loses nothing on the way to another server', async () => {
    const [old, next] = [await startServer(), await startServer()];
    let { url } = old;
    const socket = openSocket(() => url);
    const sent = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    const got: unknown[] = [];
    for (const { server } of [old, next]) {
      server.on('session', (session) => {
        session.on('message', ({ data, possibleDuplicateOf }) => {
          expect(possibleDuplicateOf).toBeUndefined();
          got.push(data);
        });
      });
    }
    await socket.send('hello').delivered;

    url = next.url;
    const isClosed = old.server.close();
    const transfers = sent.map((text) => socket.send(text));
    await Promise.all(transfers.map(({ delivered }) => delivered));
    await Promise.all([isClosed, next.sessions.next()]);

    expect(got).toEqual(['hello', ...sent]);
    expect(next.server.sessions).toHaveLength(1);
    expect(old.server.sessions).toHaveLength(0);
  });

  /** A session that the server asked to leave, with a message begun and one that waits. */
  async function leave(): Promise<Scripted & { connection: ScriptedSocket; transfers: Transfer[] }> {
    const scripted = openScripted();
    const connection = await scripted.server.accept();
    const begun = scripted.socket.send(patternBytes(200_000));
    await settle();
    const waiting = scripted.socket.send('waiting');
    connection.stream(encodeControl({ type: 'goaway', deadlineMs: 10_000 }));
    await settle();
    return { ...scripted, connection, transfers: [begun, waiting] };
  }

  /** The end of the old session, in order. */
  async function endSession({ server, connection }: Awaited<ReturnType<typeof leave>>): Promise<void> {
    server.isAcking = true;
    connection.ack();
    await settle();
    connection.stream(closeFrame(1001));
    await settle();
    connection.end(1000, '', true);
    await settle();
    server.received = server.sent = 0;
  }

  test('and then close() still delivers what waits, by the next session, and closes that', async () => {
    const scripted = await leave();
    const { socket, server, transfers } = scripted;
    const closes = collect(socket, 'close');

    const isClosed = socket.close(4000, 'bye');
    const late = socket.send('late');
    await endSession(scripted);
    const second = await server.accept();
    await Promise.all(transfers.map(({ delivered }) => delivered));
    await answerClose(scripted, second, 4000, 'bye');
    await isClosed;

    expect(await outcomeOf(late.delivered)).toMatchObject({ code: 'ERR_CLOSED', closeCode: 4000 });
    expect(closes.items).toEqual([{ code: 4000, reason: 'bye', wasClean: true, error: undefined }]);
    expect(server.sockets).toHaveLength(2);
  });

  test('and then close() with nothing left to send ends with the session', async () => {
    const scripted = await leave();
    const { socket, server, transfers } = scripted;
    const closes = collect(socket, 'close');
    transfers[1]?.abort();

    const isClosed = socket.close(4000, 'bye');
    await endSession(scripted);
    await isClosed;

    expect(closes.items).toEqual([{ code: 4000, reason: 'bye', wasClean: true, error: undefined }]);
    expect(server.sockets).toHaveLength(1);
  });

  test('and then close() waits no longer than drainMs', async () => {
    const { socket, clock, transfers } = await leave();
    const closes = collect(socket, 'close');

    const isClosed = socket.close(1000, '', { drainMs: 2000 });
    clock.advance(2000);
    await settle();
    clock.advance(0);
    await isClosed;

    expect(closes.items).toMatchObject([{ wasClean: false }]);
    for (const { delivered } of transfers) expect(await outcomeOf(delivered)).toMatchObject({ code: 'ERR_CLOSED' });
  });
});
