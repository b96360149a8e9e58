import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { settle } from '../../support/manual-clock.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { collect, openSocket, outcomeOf } from '../support.ts';
import { comeBack, openPlain, openUp, startPlain } from './support.ts';

describe('the connection', () => {
  test('comes back with the same events as a session, but for resume', async () => {
    const scripted = openPlain();
    const { socket, server } = scripted;
    const statuses = collect(socket, 'status');
    const opens = collect(socket, 'open');
    const resumes = collect(socket, 'resume');
    const retries = collect(socket, 'retry');
    const connection = await server.next();
    connection.open('');
    connection.end(1006);
    const next = await comeBack(scripted);

    expect(statuses.items.map(({ status }) => status)).toEqual(['open', 'reconnecting', 'open']);
    expect([opens.items, resumes.items]).toEqual([[{ protocol: '' }], []]);
    const close = { code: 1006, reason: '', wasClean: false };
    expect(retries.items).toEqual([{ attempt: 1, delayMs: 250, close, wasOpen: true }]);
    expect([next.protocols, socket.stats().connections]).toEqual([[], 2]);
  });

  test('offers what the application offers, and nothing else', async () => {
    const { socket, server } = openPlain({ protocols: ['one', 'two'] });
    const connection = await server.next();
    connection.open('two');
    expect([connection.protocols, socket.protocol]).toEqual([['one', 'two'], 'two']);
  });

  test('that is never up is given up after connectTimeoutMs, and tried again', async () => {
    const { socket, server, clock } = openPlain({ connectTimeoutMs: 1000 });
    const retries = collect(socket, 'retry');
    const connection = await server.next();
    clock.advance(1000);
    expect(retries.items).toMatchObject([{ close: { code: 4905 }, wasOpen: false }]);
    expect(connection.closedWith).toBeDefined();
  });

  test('that is accepted and closed at once, for ever, backs off', async () => {
    const scripted = openPlain({ retryMaxMs: 30_000 });
    const { socket, server } = scripted;
    const retries = collect(socket, 'retry');
    const first = await server.next();
    first.open('');
    first.end(1000);
    for (let count = 0; count < 9; count++) (await comeBack(scripted)).end(1000);
    const delays = retries.items.map(({ delayMs }) => delayMs);
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
    expect(server.sockets).toHaveLength(10);
  });

  test('that held is followed by a short delay again', async () => {
    const scripted = openPlain();
    const { socket, server, clock } = scripted;
    const retries = collect(socket, 'retry');
    (await server.next()).end(1006);
    (await comeBack(scripted)).end(1006);
    const good = await comeBack(scripted);
    socket.send('x');
    await settle();
    clock.advance(250);
    good.end(1006);
    expect(retries.items.map(({ attempt }) => attempt)).toEqual([1, 2, 1]);
    const long = await comeBack(scripted);
    clock.advance(10_000);
    long.end(1006);
    expect(retries.items.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 1]);
  });

  test.each([1008, 4000])('closed with %i is the end, as ever, unless shouldRetry says otherwise', async (code) => {
    const { socket, connection } = await openUp();
    const closes = collect(socket, 'close');
    const { delivered } = socket.send('x');
    connection.end(code, 'no', true);
    expect(closes.items).toMatchObject([{ code, reason: 'no', error: { code: 'ERR_HANDSHAKE' } }]);
    await expect(delivered).rejects.toMatchObject({ code: 'ERR_CLOSED' });

    const other = await openUp({ shouldRetry: () => true });
    other.connection.end(code);
    expect(other.socket.status).toBe('reconnecting');
  });

  test('is tried no more than maxRetries times', async () => {
    const scripted = openPlain({ maxRetries: 1 });
    const { socket, server } = scripted;
    const closes = collect(socket, 'close');
    (await server.next()).end(1006);
    (await comeBack(scripted)).end(1006);
    expect(closes.items).toMatchObject([{ code: 1006, error: { code: 'ERR_HANDSHAKE' } }]);
  });

  test('to a URL that is none is the end', async () => {
    const { socket } = openPlain({}, {});
    expect(socket.status).toBe('connecting');
    const bad = openSocket(() => 'ftp://x', { mode: 'plain' });
    expect(await collect(bad, 'close').next()).toMatchObject({ error: { code: 'ERR_OPTION', option: 'url' } });
  });
});

describe('close', () => {
  test('finishes what was sent, closes natively with its code, and is clean', async () => {
    const { url, messages, connections } = await startPlain();
    const socket = openSocket(url, { mode: 'plain' });
    const closes = collect(socket, 'close');
    await collect(socket, 'open').next();
    const connection = await connections.next();
    const end = once(connection, 'close') as Promise<[number, Buffer]>;
    const transfers = [socket.send('one'), socket.send(patternBytes(5000)), socket.send('three')];

    await socket.close(4001, 'that is all');

    expect(messages.items).toHaveLength(3);
    // The answer to our close says that the server has read it all.
    await Promise.all(transfers.map(({ delivered }) => delivered));
    expect(closes.items).toEqual([{ code: 4001, reason: 'that is all', wasClean: true, error: undefined }]);
    const [code, reason] = await end;
    expect([code, String(reason), socket.status]).toEqual([4001, 'that is all', 'closed']);
    await expect(socket.send('late').delivered).rejects.toMatchObject({ code: 'ERR_CLOSED', closeCode: 4001 });
    await expect(socket.ready).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });

  test('waits for the buffer to empty, and for the answer', async () => {
    const { socket, connection, clock } = await openUp();
    connection.pause();
    socket.send('0123456789');
    const closed = socket.close(4001, 'bye', { drainMs: 1000 });
    let isClosed = false;
    void closed.then(() => (isClosed = true));
    await settle();
    clock.advance(500);
    expect([connection.closedWith, socket.status]).toEqual([undefined, 'closing']);
    connection.bufferedAmount = 0;
    clock.advance(20);
    expect(connection.closedWith).toEqual({ code: 4001, reason: 'bye' });
    connection.deliverText('still comes');
    await settle();
    expect(isClosed).toBe(false);
    connection.end(4001, 'bye', true);
    await closed;
    expect(socket.status).toBe('closed');
  });

  test('gives up after drainMs: what is in doubt, and what was never sent', async () => {
    const { socket, connection, clock } = await openUp();
    const closes = collect(socket, 'close');
    connection.pause();
    const inDoubt = socket.send(patternBytes(600 * 1024));
    await settle();
    const waiting = socket.send('waits');
    const closed = socket.close(4001, 'bye', { drainMs: 1000 });
    clock.advance(999);
    expect(socket.status).toBe('closing');
    clock.advance(1);
    await closed;
    expect(closes.items).toMatchObject([{ code: 1006, reason: 'not finished in time', wasClean: false }]);
    expect(await outcomeOf(inDoubt.delivered)).toMatchObject({ code: 'ERR_SESSION_LOST' });
    expect(await outcomeOf(waiting.delivered)).toMatchObject({ code: 'ERR_CLOSED' });
    expect(connection.closedWith).toEqual({ code: 4001, reason: 'bye' });
    expect(clock.delaysMs).toEqual([]);
  });

  test('without a connection is done at once when nothing waits', async () => {
    const { socket, server, clock } = openPlain();
    await server.next();
    const closes = collect(socket, 'close');
    await socket.close();
    expect(closes.items).toMatchObject([{ code: 1000, wasClean: true }]);
    expect(clock.delaysMs).toEqual([]);
  });

  test('without a connection waits for one when something does', async () => {
    const { socket, server } = openPlain();
    socket.send('last');
    const closed = socket.close(4001);
    const connection = await server.next();
    connection.open('');
    await settle();
    expect([connection.sent, connection.closedWith?.code]).toEqual([['last'], 4001]);
    connection.end(4001, '', true);
    await closed;
  });

  test('a loss on the way comes back for what waits, and not for what is in doubt', async () => {
    const scripted = await openUp();
    const { socket, connection } = scripted;
    connection.pause();
    const inDoubt = socket.send(patternBytes(600 * 1024));
    await settle();
    socket.send('waits');
    const closed = socket.close(4001);
    connection.end(1006);
    await expect(inDoubt.delivered).rejects.toMatchObject({ code: 'ERR_SESSION_LOST' });
    const next = await comeBack(scripted);
    await settle();
    expect(next.sent).toEqual(['waits']);
    next.end(1006);
    await closed;
    expect(scripted.server.sockets).toHaveLength(2);
  });

  test('from a listener, at any event, harms nothing', async () => {
    for (const name of ['open', 'status', 'retry', 'message', 'error'] as const) {
      const { socket, server } = openPlain({ maxMessageBytes: 4 });
      const closes = collect(socket, 'close');
      socket.on(name, () => socket.close(1000, '', { drainMs: 0 }));
      socket.send('x');
      const connection = await server.next();
      connection.open('');
      connection.deliverText('one');
      connection.deliverText('too big');
      connection.end(1006);
      await settle();
      expect([name, socket.status, closes.items.length]).toEqual([name, 'closed', 1]);
    }
  });
});
