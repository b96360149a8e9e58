import { describe, expect, test } from 'vitest';
import type { ChunkSocket } from '../../src/index.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { startServer } from '../support/start-server.ts';
import { ScriptedServer } from './scripted-server.ts';
import { collect, openScripted, openSocket, outcomeOf } from './support.ts';

describe('close', () => {
  test.each(['before there is a connection', 'by a violation'])('is the last event of all, %s', async (how) => {
    const { socket, server } = openScripted();
    const events: string[] = [];
    for (const name of ['status', 'drain', 'error', 'close'] as const) {
      socket.on(name, () => {
        events.push(name);
      });
    }
    const connection = await server.next();
    const transfer = socket.send(new Uint8Array(100_000));
    if (how === 'by a violation') connection.accept().deliver(Uint8Array.of(0x77));
    else void socket.close(1000, '', { drainMs: 0 });
    await settle();

    expect(transfer.state).toBe('failed');
    expect(events.filter((name) => name !== 'status' && name !== 'error')).toEqual(['drain', 'close']);
    expect(events.at(-1)).toBe('close');
  });
});

describe('WELCOME ended', () => {
  test('after session.terminate() is no clean end, and what was sent has failed', async () => {
    const { url, sessions, wss } = await startServer();
    let release: (answer: string) => void = () => undefined;
    const back = new Promise<string>((resolve) => {
      release = resolve;
    });
    const socket = openSocket(({ attempt }) => (attempt === 0 ? url : back));
    const closes = collect(socket, 'close');
    const session = await sessions.next();
    await collect(socket, 'open').next();
    const retries = collect(socket, 'retry');
    for (const client of wss.clients) client.terminate();
    await retries.next();
    const transfer = socket.send('important');

    session.terminate();
    release(url);

    expect(await closes.next()).toMatchObject({ code: 4906, reason: 'terminated', wasClean: false });
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_CLOSED', closeCode: 4906 });
  });

  test.each([
    [4906, 'terminated'],
    [4900, 'bad-frame'],
    [1000, ''],
  ])('with %i for a socket that did not close is no clean end', async (code, reason) => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    (await server.accept()).end();
    clock.advance(500);
    const second = await server.next();
    second.open();

    second.welcome({ version: 1, result: 'ended', received: 0, close: { code, reason } });

    expect(closes.items).toMatchObject([{ code, reason, wasClean: false }]);
  });

  test('for a socket that closed with something not delivered is no clean end', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const first = await server.accept();
    const transfer = socket.send('important');
    const isClosed = socket.close();
    await settle();
    first.end();
    clock.advance(500);
    const second = await server.next();
    second.open();

    second.welcome({ version: 1, result: 'ended', received: 0, close: { code: 1000, reason: '' } });
    await isClosed;

    expect(closes.items).toMatchObject([{ code: 1000, wasClean: false }]);
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_CLOSED' });
  });
});

describe('WELCOME gone for a HELLO that expected no session', () => {
  const badWelcome = { wasClean: false, error: { code: 'ERR_PROTOCOL', violation: 'bad-welcome', isReceived: false } };

  test('is a violation: the first HELLO of a socket, with early data or without', async () => {
    for (const text of [undefined, 'early']) {
      const { socket, server } = openScripted();
      const closes = collect(socket, 'close');
      if (text !== undefined) socket.send(text);
      const connection = await server.next();
      connection.open();

      connection.welcome({ version: 1, result: 'gone' });

      expect(closes.items).toMatchObject([badWelcome]);
      expect(connection.closedWith).toMatchObject({ code: 4900, reason: 'bad-welcome' });
    }
  });

  test('is a violation: the second HELLO, after a session was gone; there is no loop', async () => {
    const { socket, server, clock } = openScripted();
    const closes = collect(socket, 'close');
    const lost = collect(socket, 'lost');
    (await server.accept()).end();
    clock.advance(500);
    const second = await server.next();

    second.forget().welcome({ version: 1, result: 'gone' });
    clock.advance(3_600_000);
    await settle();

    expect(closes.items).toMatchObject([badWelcome]);
    expect(lost.items).toHaveLength(1);
    expect(server.sockets).toHaveLength(2);
  });
});

describe('an application that never says', () => {
  /** A socket for which `ask` is its url or auth function. */
  function open(
    what: 'url' | 'auth',
    ask: () => Promise<string>,
  ): { socket: ChunkSocket; clock: ManualClock } & {
    server: ScriptedServer;
  } {
    const server = new ScriptedServer();
    const clock = new ManualClock();
    const options = { WebSocket: server.WebSocket, clock, random: () => 0.5, connectTimeoutMs: 4000, retryBaseMs: 500 };
    const url = 'ws://scripted.test/';
    const socket =
      what === 'url'
        ? openSocket(ask, { ...options, retryMaxMs: 500 })
        : openSocket(url, { ...options, retryMaxMs: 500, auth: ask });
    return { socket, clock, server };
  }

  test.each(['url', 'auth'] as const)('its %s is asked again after connectTimeoutMs', async (what) => {
    const answers: ((answer: string) => void)[] = [];
    const { socket, clock, server } = open(what, () => new Promise((resolve) => answers.push(resolve)));
    const retries = collect(socket, 'retry');

    clock.advance(3999);
    expect(retries.items).toEqual([]);
    clock.advance(1);
    expect(retries.items).toMatchObject([{ attempt: 1, delayMs: 250, close: { code: 4905 }, wasOpen: false }]);
    clock.advance(250);
    await settle();
    expect(answers).toHaveLength(2);
    answers[0]?.('ws://scripted.test/late');
    await settle();
    expect(server.sockets, 'a late answer opens nothing').toHaveLength(0);
    answers[1]?.('ws://scripted.test/');
    (await server.next()).accept();

    expect(socket.status).toBe('open');
  });

  test.each(['url', 'auth'] as const)('its %s may be waited for by close()', async (what) => {
    const { socket, clock, server } = open(what, () => new Promise(() => undefined));
    const closes = collect(socket, 'close');

    const transfer = socket.send('waits');
    const isClosed = socket.close(1000, '', { drainMs: 5000 });
    await settle();
    clock.advance(5000);
    await isClosed;

    expect(closes.items).toMatchObject([{ wasClean: false }]);
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_CLOSED' });
    expect(server.sockets).toHaveLength(0);
  });
});
