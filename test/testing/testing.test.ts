import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ChunkServer } from '../../src/server.ts';
import { createPair, TestServer } from '../../src/testing.ts';
import { describeTesting } from './suite.ts';

describeTesting();

describe('on Node', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('serves a server of the application', async () => {
    const server = new ChunkServer({ binaryType: 'arraybuffer' });
    server.on('session', (session) => session.on('message', ({ data }) => session.send(data)));
    const { socket, close } = await createPair({ server });
    const echo = new Promise((resolve) => socket.once('message', resolve));
    socket.send('hello');
    expect(await echo).toMatchObject({ data: 'hello' });
    await close();
  });

  test('fake timers hold nothing up but what takes time', async () => {
    vi.useFakeTimers();
    const { socket, session, server, close } = await createPair({
      client: { retryBaseMs: 60_000, retryMaxMs: 60_000 },
    });
    const message = new Promise((resolve) => session.once('message', resolve));
    socket.send('at once');
    expect(await message).toMatchObject({ data: 'at once' });

    const resumed = vi.fn();
    socket.on('resume', resumed);
    server.cut();
    await vi.advanceTimersByTimeAsync(0);
    expect(resumed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(resumed).toHaveBeenCalledOnce();

    const closed = close();
    await vi.advanceTimersByTimeAsync(1000);
    await closed;
  });

  test('where all is silent, the client gives the connection up, and resumes when it is over', async () => {
    vi.useFakeTimers();
    const { socket, session, server, close } = await createPair({ client: { heartbeatMs: 5000 } });
    const codes: number[] = [];
    socket.on('retry', (event) => codes.push(event.close.code));
    const received = vi.fn();
    session.on('message', received);
    server.isSilent = true;
    socket.send('held');
    await vi.advanceTimersByTimeAsync(60_000);
    // Nothing gets through, and then no handshake does.
    expect(codes.slice(0, 2)).toEqual([4908, 4905]);
    expect(received).not.toHaveBeenCalled();

    server.isSilent = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(received).toHaveBeenCalledOnce();
    const closed = close();
    await vi.advanceTimersByTimeAsync(1000);
    await closed;
  });

  test('latency is measured in fake time', async () => {
    vi.useFakeTimers();
    const { socket, session, server, close } = await createPair();
    server.latencyMs = 5000;
    const received = vi.fn();
    session.on('message', received);
    socket.send('slow');
    await vi.advanceTimersByTimeAsync(4999);
    expect(received).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(received).toHaveBeenCalledOnce();
    server.latencyMs = 0;
    const closed = close();
    await vi.advanceTimersByTimeAsync(10_000);
    await closed;
  });

  test('stands in for the global WebSocket', async () => {
    const server = new TestServer({ isPlain: true });
    vi.stubGlobal('WebSocket', server.WebSocket);
    const socket = new WebSocket('ws://app.test/');
    await new Promise((resolve) => (socket.onopen = resolve));
    expect(socket).toBeInstanceOf(WebSocket);
    vi.unstubAllGlobals();
    await server.close();
  });

  test('tells a scope that has events of it: offline, and online', () => {
    const scope = new EventTarget();
    const told: string[] = [];
    for (const name of ['offline', 'online']) scope.addEventListener(name, () => told.push(name));
    vi.stubGlobal('dispatchEvent', scope.dispatchEvent.bind(scope));
    const server = new TestServer();
    server.isOffline = true;
    server.isOffline = true;
    server.isOffline = false;
    vi.unstubAllGlobals();
    expect(told).toEqual(['offline', 'online']);
  });

  test('sessions that wait keep no process alive', async () => {
    const run = promisify(execFile);
    const source = `
      import { createPair } from 'chunksocket/testing';
      const { socket, session, server } = await createPair({ client: { maxRetries: 0 } });
      server.isOffline = true;
      server.cut();
      await new Promise((resolve) => socket.once('close', resolve));
      console.log(session.status);
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', source], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe('waiting');
  });
});
