import { describe, expect, test } from 'vitest';
import type { ChunkSocket, ChunkSocketEvents, ChunkSocketOptions, Transfer } from '../../src/index.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { closeFrame, messageFrame } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import { ScriptedServer } from './scripted-server.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { collect, openScripted, openSocket, outcomeOf } from './support.ts';
import type { Scripted } from './support.ts';

interface Lost extends Scripted {
  /** Taken by the server, which could not say so any more. */
  readonly taken: Transfer;
  /** The connection whose HELLO is to be answered. */
  readonly second: ScriptedSocket;
}

/** A client that comes back to a server that took all or, with `rest`, the first of what was sent. */
async function comeBack(rest?: Uint8Array): Promise<Lost & { tail: Transfer | undefined }> {
  const scripted = openScripted();
  const { socket, server, clock } = scripted;
  const first = await server.accept();
  const taken = socket.send('taken');
  await settle();
  const tail = rest && socket.send(rest);
  await settle();
  first.end();
  clock.advance(500);
  return { ...scripted, taken, tail, second: await server.next() };
}

/** The server's half of an end in order. */
async function answerClose(server: ScriptedServer, connection: ScriptedSocket): Promise<void> {
  server.isAcking = true;
  connection.ack();
  connection.stream(closeFrame());
  await settle();
  connection.ack();
  connection.end(1000, '', true);
}

/** Calls `act` once, from inside the first such event. */
function onceWithin({ socket, taken }: Lost, event: 'drain' | 'progress', act: () => void): void {
  let isDone = false;
  const listener = (): void => {
    if (isDone) return;
    isDone = true;
    act();
  };
  if (event === 'drain') socket.on('drain', listener);
  else taken.on('progress', listener);
}

describe.each(['drain', 'progress'] as const)('while a session is replaced, a listener of %s', (event) => {
  test('may send: the message goes out in the new session', async () => {
    const lost = await comeBack();
    const { server, second, socket, taken } = lost;
    let extra: Transfer | undefined;
    onceWithin(lost, event, () => {
      extra = socket.send('extra');
    });

    second.forget();
    await settle();
    second.answer();
    server.isAcking = true;
    await settle();
    second.ack();

    expect(taken.state).toBe('delivered');
    await extra?.delivered;
    expect(extra?.state).toBe('delivered');
    expect(second.hello).toMatchObject({ expected: false, connection: 1 });
    expect(socket.bufferedAmount).toBe(0);
  });

  test('may close with nothing left to send: there is one end, and it is clean', async () => {
    const lost = await comeBack();
    const { server, clock, second, socket, taken } = lost;
    const closes = collect(socket, 'close');
    let isClosed: Promise<void> | undefined;
    onceWithin(lost, event, () => {
      isClosed = socket.close(4000, 'bye', { drainMs: 1500 });
    });

    second.forget();
    await isClosed;
    clock.advance(3_600_000);
    await settle();

    expect(isClosed).toBeDefined();
    expect(taken.state).toBe('delivered');
    expect(closes.items).toEqual([{ code: 4000, reason: 'bye', wasClean: true, error: undefined }]);
    expect(server.sockets).toHaveLength(2);
  });
});

describe('while a session is replaced, a listener of progress', () => {
  test('may close with something left to send: that is delivered first', async () => {
    const lost = await comeBack(patternBytes(300_000));
    const { server, second, socket, tail } = lost;
    const closes = collect(socket, 'close');
    let isClosed: Promise<void> | undefined;
    onceWithin(lost, 'progress', () => {
      isClosed = socket.close();
    });

    second.forget().answer();
    server.isAcking = true;
    second.ack();
    await tail?.delivered;
    await settle();
    await answerClose(server, second);
    await isClosed;

    expect(isClosed).toBeDefined();
    expect(tail?.state).toBe('delivered');
    expect(closes.items).toEqual([{ code: 1000, reason: '', wasClean: true, error: undefined }]);
  });

  test('may abort what is carried over: it fails as aborted, and no more of it is sent', async () => {
    const lost = await comeBack(patternBytes(300_000));
    const { server, second, socket, tail, taken } = lost;
    onceWithin(lost, 'progress', () => tail?.abort());

    second.forget().answer();
    server.isAcking = true;
    second.ack();
    await settle();

    expect(taken.state).toBe('delivered');
    expect(await outcomeOf((tail as Transfer).delivered)).toMatchObject({ code: 'ERR_ABORTED' });
    expect(socket.bufferedAmount).toBe(0);
    expect(server.received).toBeLessThan(1000);
    await socket.send('goes on').delivered;
  });
});

describe('messages', () => {
  const texts = ['one', 'two', 'three', 'four', 'five'];

  /** Reads as many messages, each with a listener of its own. */
  async function readOneByOne(socket: ChunkSocket): Promise<unknown[]> {
    const got: unknown[] = [];
    while (got.length < texts.length) {
      got.push(
        await new Promise((resolve) =>
          socket.once('message', ({ data }) => {
            resolve(data);
          }),
        ),
      );
    }
    return got;
  }

  test('that came in one packet all arrive when they are read one by one', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();

    const reading = readOneByOne(socket);
    connection.stream(...texts.map((text) => messageFrame(text)));

    expect(await reading).toEqual(texts);
  });

  test('that a server sends at once all arrive when they are read one by one', async () => {
    const { url, server } = await startServer();
    server.on('session', (session) => {
      for (const text of texts) session.send(text);
    });

    expect(await readOneByOne(openSocket(url))).toEqual(texts);
  });

  test('that wait for a listener survive the loss of their session, and come before later ones', async () => {
    const { socket, server, clock } = openScripted();
    const lost = collect(socket, 'lost');
    const first = await server.accept();
    first.stream(messageFrame('early'), messageFrame('bird'));
    await settle();
    first.end();
    clock.advance(500);
    const second = await server.next();
    second.forget().answer();
    second.stream(messageFrame('late'));
    await settle();

    const messages = collect(socket, 'message');
    await settle();

    expect(lost.items).toHaveLength(1);
    expect(messages.items.map(({ data }) => data)).toEqual(['early', 'bird', 'late']);
  });
});

describe('close() before any connection was up, from inside', () => {
  const eventNames = [
    'open',
    'status',
    'retry',
    'resume',
    'lost',
    'drain',
    'error',
    'message',
    'limit',
    'close',
  ] as const;

  /** Loses the first connection, and returns all that was told from the `close` event on. */
  async function loseFirst(
    options: (close: () => void) => ChunkSocketOptions,
    arm: (socket: ChunkSocket, close: () => void) => void = () => undefined,
  ): Promise<{ told: string[]; server: ScriptedServer; closed: boolean }> {
    const server = new ScriptedServer();
    const clock = new ManualClock();
    const told: (keyof ChunkSocketEvents)[] = [];
    let isClosed: Promise<void> | undefined;
    const close = (): void => {
      isClosed ??= socket.close();
    };
    const base = { WebSocket: server.WebSocket, clock, random: () => 0.5 };
    const socket: ChunkSocket = openSocket('ws://scripted.test/', { ...base, ...options(close) });
    for (const name of eventNames) socket.on(name, () => told.push(name));
    arm(socket, close);
    (await server.next()).end();
    await settle();
    clock.advance(3_600_000);
    await settle();
    await isClosed;
    return { told: told.slice(told.indexOf('close')), server, closed: socket.status === 'closed' };
  }

  test.each([undefined, true, false])('shouldRetry that then says %s ends it once', async (answer) => {
    const { told, server, closed } = await loseFirst((close) => ({
      shouldRetry: () => {
        close();
        return answer;
      },
    }));

    expect(told).toEqual(['close']);
    expect(server.sockets).toHaveLength(1);
    expect(closed).toBe(true);
  });

  test('a retry listener ends it once', async () => {
    const { told, server, closed } = await loseFirst(
      () => ({}),
      (socket, close) => socket.on('retry', close),
    );

    expect(told).toEqual(['close']);
    expect(server.sockets).toHaveLength(1);
    expect(closed).toBe(true);
  });

  test('an auth function that is asked again ends it once', async () => {
    const { told, server, closed } = await loseFirst((close) => ({
      auth: ({ attempt }: { attempt: number }) => {
        if (attempt > 0) close();
        return 'token';
      },
    }));

    expect(told).toEqual(['close']);
    expect(server.sockets).toHaveLength(1);
    expect(closed).toBe(true);
  });
});

test('close() from inside a status listener that hears of a lost connection ends the socket once', async () => {
  const { socket, server, clock } = openScripted();
  const told: string[] = [];
  for (const name of ['status', 'retry', 'resume', 'drain', 'error', 'close'] as const) {
    socket.on(name, () => told.push(name));
  }
  let isClosed: Promise<void> | undefined;
  socket.on('status', ({ status }) => {
    if (status === 'reconnecting') isClosed = socket.close(1000, '', { drainMs: 0 });
  });

  (await server.accept()).end();
  clock.advance(0);
  await settle();
  clock.advance(3_600_000);
  await isClosed;
  await settle();

  expect(isClosed).toBeDefined();
  expect(told.slice(told.indexOf('close'))).toEqual(['close']);
  expect(server.sockets).toHaveLength(1);
});

test('nothing follows the end, also where the server had closed in the packet whose listener brought it about', async () => {
  const { socket, server } = openScripted();
  const statuses = collect(socket, 'status');
  const connection = await server.accept();
  socket.on('message', () => {
    connection.deliverText('not of this protocol');
  });

  connection.stream(messageFrame('last words'), closeFrame());
  await settle();

  expect(socket.status).toBe('closed');
  expect(statuses.items.map(({ status }) => status)).toEqual(['open', 'closed']);
});
