import { describe, expect, test } from 'vitest';
import type { DebugEntry } from '../../src/index.ts';
import { settle } from '../support/manual-clock.ts';
import { startServer } from '../support/start-server.ts';
import { catchReports, collect, openScripted, openSocket } from './support.ts';

const URL = 'ws://scripted.test/live';

describe('debug', () => {
  test('is told of every try, status, loss, resume and the end, with the time, and of no message', async () => {
    const entries: DebugEntry[] = [];
    const { socket, server, clock } = openScripted({ debug: (entry) => entries.push(entry) });
    const startMs = clock.now();
    server.isAcking = true;
    const first = await server.accept();
    socket.on('message', () => undefined);
    await socket.send('hello').delivered;
    clock.advance(1000);
    first.end(1014, 'Bad Gateway');
    clock.advance(250);
    (await server.next()).end();
    clock.advance(500);
    await server.accept();
    const closed = socket.close(1000, 'bye', { drainMs: 0 });
    clock.advance(60_000);
    await closed;

    expect(entries.map(({ atMs, kind, data }) => [atMs - startMs, kind, data])).toMatchObject([
      [0, 'connect', { attempt: 0, url: URL }],
      [0, 'status', { status: 'open', previous: 'connecting' }],
      [0, 'open', { protocol: '' }],
      [0, 'drain', { bufferedBytes: 0 }],
      [1000, 'status', { status: 'reconnecting' }],
      [1000, 'retry', { attempt: 1, delayMs: 250, close: { code: 1014, reason: 'Bad Gateway' }, wasOpen: true }],
      [1250, 'connect', { attempt: 1, url: URL }],
      [1250, 'retry', { attempt: 2, delayMs: 500, close: { code: 1006 }, wasOpen: false }],
      [1750, 'connect', { attempt: 2, url: URL }],
      [1750, 'status', { status: 'open' }],
      [1750, 'resume', { resentBytes: 0, connections: 2 }],
      [1750, 'status', { status: 'closing' }],
      [2750, 'status', { status: 'closed' }],
      [2750, 'close', { reason: 'not finished in time' }],
    ]);
  });

  test('comes before the listeners of an event, and is told once of each when the socket goes on in the plain mode', async () => {
    const entries: DebugEntry[] = [];
    const debug = (entry: DebugEntry): void => void entries.push(entry);
    const { socket, server } = openScripted({ debug, fallback: 'plain', mode: 'session' });
    let known = -1;
    socket.on('open', () => {
      known = entries.filter(({ kind }) => kind === 'open').length;
    });
    (await server.next()).open('');
    await settle();

    expect(known).toBe(1);
    expect(entries.filter(({ kind }) => kind === 'open')).toHaveLength(1);
  });

  test('breaks nothing when it throws', async () => {
    const bug = new Error('a bug of the application');
    const reports = catchReports();
    const debug = (): void => {
      throw bug;
    };
    const { url } = await startServer();
    const socket = openSocket(url, { debug });
    await collect(socket, 'open').next();

    expect(new Set(reports)).toEqual(new Set([bug]));
  });
});

describe('connect', () => {
  test('is told with the URL that was asked for, and lets a listener close the socket', async () => {
    const { socket } = openScripted();
    const connects = collect(socket, 'connect');
    socket.on('connect', () => socket.close());
    await settle();

    expect(connects.items).toEqual([{ attempt: 0, url: URL }]);
    expect(socket.status).toBe('closed');
  });
});
