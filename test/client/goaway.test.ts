import { describe, expect, test } from 'vitest';
import type { Transfer } from '../../src/index.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { closeFrame, messageFrame } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { collect, openScripted, openSocket } from './support.ts';
import type { Scripted } from './support.ts';

const goAway = (deadlineMs = 10_000): Uint8Array => encodeControl({ type: 'goaway', deadlineMs });

/** A session that the server asked to leave, with a message begun and one that is held for the next session. */
async function leave(): Promise<Scripted & { connection: ScriptedSocket; begun: Transfer; held: Transfer }> {
  const scripted = openScripted();
  const { socket, server } = scripted;
  const connection = await server.accept();
  const begun = socket.send(patternBytes(200_000));
  await settle();
  connection.stream(goAway());
  await settle();
  return { ...scripted, connection, begun, held: socket.send('held') };
}

/** Takes the message that was begun. */
async function finishBegun({ server, connection, begun }: Awaited<ReturnType<typeof leave>>): Promise<void> {
  server.isAcking = true;
  connection.ack();
  await begun.delivered;
  await settle();
}

/** The next connection, with another session up. */
async function acceptNext({ server, clock }: Scripted): Promise<ScriptedSocket> {
  server.received = server.sent = 0;
  server.isAcking = true;
  clock.advance(500);
  return server.accept();
}

describe('a server that leaves', () => {
  test('does not hide what waits for the next session', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const connection = await server.accept();
    socket.send(patternBytes(200_000));
    socket.send('behind it');
    await settle();
    connection.stream(goAway());
    await settle();
    socket.send('sent later');
    expect(socket.stats().channels).toMatchObject([{ name: '', messages: 3 }]);
  });

  test('and gives up with 4906 is followed into a new session, not taken for the end', async () => {
    const scripted = await leave();
    const { socket, connection, held } = scripted;
    const closes = collect(socket, 'close');
    await finishBegun(scripted);

    connection.end(4906, 'drain timeout', true);
    await settle();
    const next = await acceptNext(scripted);
    await held.delivered;

    expect(next.hello).toMatchObject({ connection: 1, expected: false });
    expect(next.hello.session).not.toBe(connection.hello.session);
    expect(socket.status).toBe('open');
    expect(closes.items).toEqual([]);
  });

  test('and gives up with 4906 in the middle of a message is asked for it, and followed when all is over', async () => {
    const scripted = await leave();
    const { socket, server, clock, connection, begun, held } = scripted;
    const closes = collect(socket, 'close');

    connection.end(4906, 'drain timeout', true);
    clock.advance(500);
    const again = await server.next();
    again.open();
    again.welcome({ version: 1, result: 'ended', received: 0, close: { code: 4906, reason: 'drain timeout' } });
    await settle();
    const next = await acceptNext(scripted);
    await Promise.all([begun.delivered, held.delivered]);

    expect(next.hello.session).not.toBe(connection.hello.session);
    expect(socket.status).toBe('open');
    expect(closes.items).toEqual([]);
  });

  test('and is lost with 1012 is followed into a new session where it has forgotten the old one', async () => {
    const scripted = await leave();
    const { socket, server, clock, connection, begun, held } = scripted;

    connection.end(1012, 'going away', true);
    clock.advance(500);
    const next = await server.next();
    next.forget().answer();
    server.isAcking = true;
    next.ack();
    await Promise.all([begun.delivered, held.delivered]);

    expect(socket.status).toBe('open');
  });

  test('at once, and with 1012, is followed on one connection and no second one', async () => {
    const scripted = openScripted();
    const { socket, server, clock } = scripted;
    const errors = collect(socket, 'error');
    const connection = await server.accept();

    connection.stream(goAway(0));
    connection.end(1012, 'going away', true);
    await settle();
    clock.advance(500);
    const next = await server.next();
    clock.advance(500);
    await settle();
    server.received = server.sent = 0;
    next.accept();
    await settle();

    expect(server.sockets).toHaveLength(2);
    expect(next.hello.session).not.toBe(connection.hello.session);
    expect(errors.items).toEqual([]);
    expect(socket.status).toBe('open');
  });

  test('and says so twice keeps what is held', async () => {
    const scripted = await leave();
    const { socket, connection, held } = scripted;
    await finishBegun(scripted);
    expect(socket.bufferedAmount).toBe(4);

    connection.stream(goAway());
    await settle();
    expect([held.state, socket.bufferedAmount]).toEqual(['queued', 4]);
    connection.stream(closeFrame(1001));
    await settle();
    connection.end(1000, '', true);
    await settle();
    await acceptNext(scripted);
    await held.delivered;

    expect(socket.bufferedAmount).toBe(0);
  });

  test.each([
    ['the same packet', true],
    ['the next packet', false],
  ])('at once, with CLOSE in %s, leaves the socket open for the next session', async (_name, isTogether) => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const statuses = collect(socket, 'status');
    const closes = collect(socket, 'close');
    const connection = await server.accept();

    const frames = [goAway(0), closeFrame(1001, 'going away', 0)];
    if (isTogether) {
      connection.stream(...frames);
    } else {
      for (const frame of frames) connection.stream(frame);
    }
    await settle();
    const next = await acceptNext(scripted);
    await socket.send('goes on').delivered;

    expect(next.hello).toMatchObject({ connection: 1, expected: false });
    expect(statuses.items.map(({ status }) => status)).not.toContain('closing');
    expect(socket.status).toBe('open');
    expect(closes.items).toEqual([]);
  });

  test('time and again, as soon as a session begins, is not followed at once: the delay grows as after losses', async () => {
    const { socket, server, clock } = openScripted();
    const retries = collect(socket, 'retry');
    const ids = new Set<string>();
    for (let round = 0; round < 6; round++) {
      server.received = server.sent = 0;
      const connection = await server.accept();
      ids.add(connection.hello.session);
      connection.stream(goAway());
      await settle();
      connection.ack();
      connection.stream(closeFrame(1001));
      await settle();
      connection.ack();
      connection.end(1000);
      await settle();
      if (round === 0) continue;
      expect(server.sockets.length).toBe(round + 1);
      const delayMs = retries.items.at(-1)?.delayMs ?? 0;
      if (round < 5) clock.advance(delayMs);
    }
    const delays = retries.items.map(({ delayMs }) => delayMs);
    expect(delays).toEqual([250, 500, 1000, 2000, 4000]);
    expect(ids.size).toBe(6);
    expect(socket.status).toBe('reconnecting');
  });

  test('is not named to the url function when the next session is opened, but is when the old one is resumed', async () => {
    const routes: unknown[] = [];
    const first = await startServer({ route: 'node-1' });
    const second = await startServer({ route: 'node-2' });
    const socket = openSocket(({ route }) => {
      routes.push(route);
      return routes.length < 3 ? first.url : second.url;
    });
    const session = await first.sessions.next();
    for (const connection of first.wss.clients) connection.terminate();
    await new Promise((resolve) => session.once('resume', resolve));

    session.goAway(10_000);
    await second.sessions.next();
    await socket.send('hello').delivered;

    expect(routes).toEqual([undefined, 'node-1', undefined]);
  });

  test('leaves messages that wait for a listener to the application', async () => {
    const scripted = openScripted();
    const { socket, server } = scripted;
    const connection = await server.accept();

    connection.stream(messageFrame('early'), messageFrame('bird'), goAway(0));
    await settle();
    const next = await acceptNext(scripted);
    next.stream(messageFrame('late'));
    await settle();
    const messages = collect(socket, 'message');
    await settle();

    expect(messages.items.map(({ data }) => data)).toEqual(['early', 'bird', 'late']);
  });
});

describe('session.goAway', () => {
  test.each([0, 1, 5, 50])('with %i ms brings the client back with a new session that works', async (deadlineMs) => {
    const { url, server, sessions } = await startServer();
    const socket = openSocket(url);
    const closes = collect(socket, 'close');
    let isFirst = true;
    const got: unknown[] = [];
    server.on('session', (session) => {
      session.on('message', ({ data }) => got.push(data));
      if (isFirst) session.goAway(deadlineMs);
      isFirst = false;
    });

    const [first, second] = await sessions.take(2);
    await socket.send('hello').delivered;

    expect(second?.id).not.toBe(first?.id);
    expect(got).toEqual(['hello']);
    expect(closes.items).toEqual([]);
    expect(socket.status).toBe('open');
  });

  test('loses no message that waited for a listener', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const session = await sessions.next();
    await session.send('early').delivered;

    session.goAway(2000);
    await sessions.next();

    expect(await collect(socket, 'message').next()).toMatchObject({ data: 'early' });
  });
});
