import { describe, expect, onTestFinished, test } from 'vitest';
import type { ChunkSocketEvents } from '../../src/index.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { messageFrame } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import { catchReports, collect, openScripted, openSocket } from './support.ts';

/** Rejections that nobody handles, from here to the end of the test. */
function catchUnhandled(): unknown[] {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => {
    unhandled.push(reason);
  };
  // In place of the test runner's own, which would fail the run without saying which test it was.
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', listener);
  onTestFinished(() => {
    process.off('unhandledRejection', listener);
    for (const other of others) process.on('unhandledRejection', other);
  });
  return unhandled;
}

const bug = new Error('a bug of the application');

describe('a listener', () => {
  const names = ['open', 'status', 'message', 'drain', 'limit', 'retry', 'resume', 'close'] as const;

  test.each(names.flatMap((name) => [[name, 'throws'] as const, [name, 'rejects'] as const]))(
    'of %s that %s is reported, and breaks nothing',
    async (name: keyof ChunkSocketEvents, manner) => {
      const reports = catchReports();
      const unhandled = catchUnhandled();
      // Less than packets start with: the limit is told.
      const { url, sessions, wss } = await startServer({}, { maxPayload: 8192 });
      const socket = openSocket(url);
      const seen = collect(socket, name);
      socket.on(name, () => {
        if (manner === 'throws') throw bug;
        return Promise.reject(bug);
      });
      const after = collect(socket, name);
      const messages = collect(socket, 'message');

      await socket.send(patternBytes(200_000)).delivered;
      const session = await sessions.next();
      session.on('message', () => undefined);
      session.send('hello');
      await messages.next();
      for (const client of wss.clients) client.terminate();
      await socket.send('again').delivered;
      await socket.close();
      await settle();

      expect(seen.items.length).toBeGreaterThan(0);
      expect(after.items).toEqual(seen.items);
      expect(reports.length).toBe(seen.items.length);
      expect(reports.every((error) => error === bug)).toBe(true);
      expect(unhandled).toEqual([]);
    },
  );

  test('is called in the order of its adding, once per event, until it is taken away', async () => {
    const { socket, server } = openScripted();
    const calls: string[] = [];
    const off = socket.on('message', () => calls.push('first'));
    socket.on('message', () => calls.push('second'));
    socket.once('message', () => calls.push('once'));
    const connection = await server.accept();

    connection.stream(messageFrame('1'));
    off();
    off();
    connection.stream(messageFrame('2'));

    expect(calls).toEqual(['first', 'second', 'once', 'second']);
  });

  test('added late gets what came before, for messages wait for the first of them', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    connection.stream(messageFrame('early'), messageFrame('bird'));
    await settle();

    const messages = collect(socket, 'message');
    connection.stream(messageFrame('late'));

    await settle();
    expect(messages.items.map(({ data }) => data)).toEqual(['early', 'bird', 'late']);
  });

  test('of progress that throws is reported, and the transfer is delivered', async () => {
    const reports = catchReports();
    const { url } = await startServer();
    const socket = openSocket(url);
    const transfer = socket.send('hello');
    transfer.on('progress', () => {
      throw bug;
    });

    await transfer.delivered;

    expect(reports).toEqual([bug]);
  });

  test('may send from inside', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const sent: Promise<void>[] = [];
    socket.on('open', () => sent.push(socket.send('from open').delivered));
    socket.on('message', ({ data }) => sent.push(socket.send(`re: ${data as string}`).delivered));
    socket.once('drain', () => sent.push(socket.send('from drain').delivered));
    const session = await sessions.next();
    const got: unknown[] = [];
    session.on('message', ({ data }) => got.push(data));

    await session.send('question').delivered;
    await settle();
    await Promise.all(sent);

    expect([...got].sort()).toEqual(['from drain', 'from open', 're: question']);
  });
});

describe('a caller who ignores the transfer', () => {
  test('gets no unhandled rejection, whatever becomes of it', async () => {
    const unhandled = catchUnhandled();
    const { url } = await startServer({ maxMessageBytes: 20_000, maxStreamBytes: 20_000 });
    const socket = openSocket(url, { maxBufferedBytes: 60_000 });
    await socket.send('hello').delivered;

    socket.send(patternBytes(50_000));
    socket.send(patternBytes(50_000));
    socket.send('aborted').abort();
    socket.send('aborted', { signal: AbortSignal.abort() });
    const unreadable = new Blob(['x']);
    unreadable.slice = () => Object.assign(new Blob([]), { arrayBuffer: () => Promise.reject(bug) });
    socket.send(unreadable);
    const isClosed = socket.close();
    socket.send('late');
    await isClosed;
    await settle();

    expect(unhandled).toEqual([]);
  });

  test('of a socket that never connects, neither', async () => {
    const unhandled = catchUnhandled();
    const { socket, server } = openScripted({ maxRetries: 0 });
    socket.send('hello');
    (await server.next()).end();
    await settle();

    expect(socket.status).toBe('closed');
    expect(unhandled).toEqual([]);
  });
});
