import { describe, expect, test } from 'vitest';
import type { ChunkSocket, Incoming, SendData } from '../../src/index.ts';
import type { ServerSession } from '../../src/server.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import { collect, openSocket, outcomeOf } from '../client/support.ts';
import { bufferBytes } from '../support/collect-garbage.ts';
import { readAll, streamOf, tellings } from '../support/incoming-support.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { newSession, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import type { StartedServer } from '../support/start-server.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

interface Many extends StartedServer {
  readonly sockets: readonly ChunkSocket[];
  readonly made: readonly ServerSession[];
}

async function connect(count: number, options: ChunkServerOptions = {}): Promise<Many> {
  const started = await startServer(options);
  const sockets: ChunkSocket[] = [];
  const made: ServerSession[] = [];
  for (let index = 0; index < count; index++) {
    sockets.push(openSocket(started.url));
    made.push(await started.sessions.next());
  }
  return { ...started, sockets, made };
}

describe('broadcast', () => {
  test.each<[string, () => SendData]>([
    ['bytes', () => patternBytes(300_000)],
    ['text', () => 'z'.repeat(300_000)],
    ['a Blob', () => new Blob([patternBytes(300_000)])],
    ['a part of a buffer', () => patternBytes(300_100).subarray(50, 300_050)],
  ])('of %s reaches everybody, with channel and meta, each at its own pace', async (_name, make) => {
    const { server, sockets } = await connect(5);
    const data = make();
    const expected =
      typeof data === 'string' ? Buffer.from(data) : Buffer.from(await new Blob([data as Blob]).arrayBuffer());
    const told = sockets.map((socket) => tellings<Incoming>(socket));
    const transfers = server.broadcast(data, { channel: 'news', meta: { n: 1 } });
    expect(transfers.map(({ channel, meta, totalBytes }) => ({ channel, meta, totalBytes }))).toEqual(
      sockets.map(() => ({ channel: 'news', meta: { n: 1 }, totalBytes: 300_000 })),
    );
    const messages = await Promise.all(told.map((inbox) => inbox.next()));
    const [slow, ...fast] = messages;
    const slowly = slow?.stream();
    for (const message of fast) {
      expect(message).toMatchObject({ channel: 'news', meta: { n: 1 }, isText: typeof data === 'string' });
      expect(Buffer.compare(await readAll(message.stream()), expected)).toBe(0);
    }
    await Promise.all(transfers.slice(1).map(({ delivered }) => delivered));
    expect(transfers[0]?.state).toBe('sending');
    expect(Buffer.compare(await readAll(slowly as ReadableStream<Uint8Array>), expected)).toBe(0);
    await transfers[0]?.delivered;
  });

  test('keeps one copy, however many it is sent to', async () => {
    const { url, server, sessions } = await startServer();
    for (let count = 0; count < 40; count++) await RawPeer.join(url, newSession());
    await sessions.take(40);
    const data = patternBytes(8 * MIB);
    const before = bufferBytes();
    const transfers = server.broadcast(data);
    await expect.poll(() => transfers.every(({ state }) => state === 'sending')).toBe(true);
    expect(transfers).toHaveLength(40);
    expect(bufferBytes() - before).toBeLessThan(8 * MIB + 40 * 64 * KIB);
    expect(bufferBytes() - before).toBeGreaterThan(8 * MIB - 1);
  });

  test('takes the buffer over where it is told to, and shares it', async () => {
    const { server, sockets } = await connect(3);
    const data = patternBytes(200_000).slice();
    const messages = sockets.map((socket) => collect(socket, 'message'));
    const transfers = server.broadcast(data, { transfer: true });
    expect(data.buffer.byteLength).toBe(0);
    for (const inbox of messages) {
      const { data: got } = await inbox.next();
      expect(Buffer.compare(Buffer.from(got as ArrayBuffer), patternBytes(200_000))).toBe(0);
    }
    await Promise.all(transfers.map(({ delivered }) => delivered));
  });

  test('copies what may change afterwards', async () => {
    const { server, sockets } = await connect(2);
    const messages = sockets.map((socket) => collect(socket, 'message'));
    const data = patternBytes(200_000).slice();
    server.broadcast(data);
    data.fill(0);
    for (const inbox of messages) {
      const { data: got } = await inbox.next();
      expect(Buffer.compare(Buffer.from(got as ArrayBuffer), patternBytes(200_000))).toBe(0);
    }
  });

  test('fails with BufferFullError for the one whose queue is full, and for nobody else', async () => {
    const { server, sockets, made } = await connect(3, { maxBufferedBytes: 100_000 });
    const messages = sockets.map((socket) => collect(socket, 'message'));
    const queued = made[1]?.send(patternBytes(90_000));
    const transfers = server.broadcast(patternBytes(50_000), { meta: 'news' });
    const outcomes = await Promise.all(transfers.map(({ delivered }) => outcomeOf(delivered)));
    expect(outcomes).toEqual([
      'delivered',
      expect.objectContaining({ code: 'ERR_BUFFER_FULL', sizeBytes: 50_000, limitBytes: 100_000 }),
      'delivered',
    ]);
    await queued?.delivered;
    expect((await messages[0]?.next())?.meta).toBe('news');
    expect((await messages[1]?.next())?.meta).toBeUndefined();
    expect(messages[1]?.items).toEqual([]);
  });

  test.each<[string, () => SendData]>([
    [
      'a generator',
      async function* () {
        yield await Promise.resolve('x');
      },
    ],
    ['a ReadableStream', () => streamOf(['x'])],
  ])('of %s is a TypeError, and nobody gets anything', async (_name, make) => {
    const { server, sockets } = await connect(2);
    const messages = sockets.map((socket) => collect(socket, 'message'));
    expect(() => server.broadcast(make())).toThrow(TypeError);
    server.broadcast('after');
    for (const inbox of messages) expect((await inbox.next()).data).toBe('after');
  });

  test('to some: the filter sees each session that is not closing once', async () => {
    const { server, sockets, made } = await connect(4);
    const messages = sockets.map((socket) => collect(socket, 'message'));
    void made[3]?.close();
    const seen: string[] = [];
    const transfers = server.broadcast('news', {
      filter: ({ id }) => {
        seen.push(id);
        return id !== made[1]?.id;
      },
    });
    expect(seen).toEqual(made.slice(0, 3).map(({ id }) => id));
    expect(transfers).toHaveLength(2);
    await Promise.all(transfers.map(({ delivered }) => delivered));
    server.broadcast('all');
    expect((await messages[0]?.take(2))?.map(({ data }) => data)).toEqual(['news', 'all']);
    expect((await messages[1]?.take(1))?.map(({ data }) => data)).toEqual(['all']);
  });

  test('whose options or data are wrong reaches nobody', async () => {
    const { server, sockets } = await connect(2);
    const messages = sockets.map((socket) => collect(socket, 'message'));
    for (const options of [{ ttlMs: -1 }, { priority: 'urgent' as 'high' }, { channel: 5 as unknown as string }]) {
      expect(() => server.broadcast('never', options)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION' }) as Error,
      );
    }
    expect(() => server.broadcast(5 as never)).toThrow(TypeError);
    expect(() =>
      server.broadcast('never', {
        filter: () => {
          throw new Error('of the application');
        },
      }),
    ).toThrow('of the application');
    server.broadcast('after');
    for (const inbox of messages) expect((await inbox.next()).data).toBe('after');
  });

  test('is given up for all by one signal, and each by itself', async () => {
    const { server, sockets } = await connect(3);
    const told = sockets.map((socket) => tellings<Incoming>(socket));
    const controller = new AbortController();
    const transfers = server.broadcast(patternBytes(500_000), { signal: controller.signal });
    const messages = await Promise.all(told.map((inbox) => inbox.next()));
    transfers[0]?.abort('this one');
    const failures = messages.map((message) => readAll(message.stream()).catch((error: unknown) => error));
    controller.abort('all');
    expect(await Promise.all(failures)).toMatchObject([
      { by: 'aborted', reason: 'this one' },
      { by: 'aborted', reason: 'all' },
      { by: 'aborted', reason: 'all' },
    ]);
    for (const { state } of transfers) expect(state).toBe('failed');
  });
});
