import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import type { ChunkSocket, Transfer } from '../../src/index.ts';
import type { ServerIncoming, ServerSession } from '../../src/server.ts';
import type { ChunkServerOptions } from '../../src/server/options.ts';
import { openSocket, outcomeOf } from '../client/support.ts';
import { bufferBytes } from '../support/collect-garbage.ts';
import { readAll, start, tellings, whole } from '../support/incoming-support.ts';
import type { Inbox } from '../support/inbox.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { newSession, RawPeer } from '../support/raw-peer.ts';
import { startServer } from '../support/start-server.ts';
import type { StartedServer } from '../support/start-server.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

interface Connected extends StartedServer {
  readonly socket: ChunkSocket;
  readonly session: ServerSession;
  readonly told: Inbox<ServerIncoming>;
}

async function connect(options: ChunkServerOptions = {}): Promise<Connected> {
  const started = await startServer(options);
  const socket = openSocket(started.url);
  const session = await started.sessions.next();
  return { ...started, socket, session, told: tellings<ServerIncoming>(session) };
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('incoming', () => {
  test('is told long before the message is whole, and what comes is what was sent', async () => {
    const { socket, told } = await connect();
    const data = patternBytes(20 * MIB);
    const transfer = socket.send(data, { channel: 'up', meta: { name: 'a.bin' } });
    const message = await told.next();
    expect(message).toMatchObject({
      channel: 'up',
      meta: { name: 'a.bin' },
      isText: false,
      state: 'receiving',
      totalBytes: data.length,
      possibleDuplicateOf: undefined,
    });
    expect(message.receivedBytes).toBeLessThan(MIB);
    const seen: number[] = [];
    message.on('progress', ({ receivedBytes }) => seen.push(receivedBytes));
    expect(hashOf(await readAll(message.stream()))).toBe(hashOf(data));
    await transfer.delivered;
    expect(message).toMatchObject({ state: 'received', receivedBytes: data.length });
    expect(seen.at(-1)).toBe(data.length);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  test('takes many messages on many channels, each in its own manner, and keeps the order of each channel', async () => {
    const { socket, session } = await connect();
    const got = new Map<string, number[]>();
    let left = 300;
    const done = new Promise<void>((resolve) => {
      const took = (meta: unknown, length: number): void => {
        expect(length).toBe((meta as { size: number }).size);
        if (--left === 0) resolve();
      };
      session.on('message', ({ meta, data }) => {
        took(meta, data instanceof Uint8Array ? data.length : -1);
      });
      session.on('incoming', async (message) => {
        const { channel, meta } = message;
        const { index } = meta as { index: number };
        got.set(channel, [...(got.get(channel) ?? []), index]);
        const manner = index % 5;
        if (manner === 0) took(meta, (await message.arrayBuffer()).byteLength);
        else if (manner === 1) took(meta, (await message.blob()).size);
        else if (manner === 2) took(meta, (await readAll(message.stream())).length);
        else if (manner === 3) took(meta, Buffer.concat(await message.readable().toArray()).length);
      });
    });
    for (let index = 0; index < 300; index++) {
      const size = [0, 1, 1000, 16_320, 50_000, 200_000][(index * 7) % 6] as number;
      socket.send(patternBytes(size), { channel: `c${index % 7}`, meta: { index, size } });
    }
    await done;
    expect([...got.keys()].sort()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']);
    for (const indexes of got.values()) expect([...indexes].sort((a, b) => a - b)).toEqual(indexes);
  });
});

test('a source that takes its time holds up no other channel, also for the listeners of message', async () => {
  const { socket, session } = await connect();
  const got: [string, number][] = [];
  session.on('message', ({ channel, data }) => {
    got.push([channel, (data as Uint8Array).length]);
  });
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield patternBytes(30_000);
    await gate;
    yield patternBytes(1);
  }
  async function* fast(): AsyncGenerator<Uint8Array> {
    for (let count = 0; count < 300; count++) yield await Promise.resolve(patternBytes(10_000));
  }
  const first = socket.send(slow(), { channel: 'slow' });
  await expect.poll(() => first.ackedBytes).toBe(30_000);
  await Promise.all(['a', 'b'].map((channel) => socket.send(fast(), { channel }).delivered));
  expect(first.state).toBe('sending');
  open();
  await first.delivered;
  expect(got.sort()).toEqual([
    ['a', 3_000_000],
    ['b', 3_000_000],
    ['slow', 30_001],
  ]);
});

describe('a stream that is not read', () => {
  test('holds up its sender on this channel only, and what is held for it stays small', async () => {
    const { socket, session, told } = await connect();
    const slow = socket.send(patternBytes(20 * MIB), { channel: 'slow' });
    const message = await told.next();
    const reader = message.stream().getReader();
    const before = bufferBytes();
    const { delivered } = socket.send(patternBytes(8 * MIB), { channel: 'other' });
    expect((await (await told.next()).blob()).size).toBe(8 * MIB);
    await delivered;
    expect(message.receivedBytes).toBeLessThanOrEqual(16 * KIB);
    expect(session.stats().receivedBytes).toBeLessThan(8 * MIB + 64 * KIB);
    // The other one was put together beside the heap's buffers, as a Blob.
    expect(bufferBytes() - before).toBeLessThan(6 * MIB);
    expect(slow.state).toBe('sending');
    // Before anything of it is read there is the credit that each channel has from the start.
    expect(socket.stats().channels).toEqual([
      { name: 'slow', messages: 1, bytes: 20 * MIB - slow.sentBytes, isHeldUp: true },
    ]);
    await reader.cancel();
    await expect(slow.delivered).rejects.toMatchObject({ code: 'ERR_REJECTED' });
  });

  test('and is read a little at a time, goes on a little at a time', async () => {
    const { socket, told } = await connect();
    const slow = socket.send(patternBytes(3 * MIB), { channel: 'slow' });
    const message = await told.next();
    const reader = message.stream().getReader();
    let read = 0;
    let mostAhead = 0;
    for (let count = 0; count < 20; count++) {
      read += (await reader.read()).value?.length ?? 0;
      const probe = socket.send('probe', { channel: 'probe' });
      await (await told.next()).text();
      await probe.delivered;
      mostAhead = Math.max(mostAhead, message.receivedBytes - read);
    }
    expect(mostAhead).toBeLessThanOrEqual(128 * KIB);
    reader.releaseLock();
    slow.abort();
  });

  test('by a Readable likewise', async () => {
    const { socket, told } = await connect();
    socket.send(patternBytes(20 * MIB), { channel: 'slow' });
    const message = await told.next();
    const readable = message.readable();
    await once(readable, 'readable');
    const other = socket.send(patternBytes(2 * MIB), { channel: 'other' });
    await (await told.next()).arrayBuffer();
    await other.delivered;
    expect(message.receivedBytes).toBeLessThanOrEqual(256 * KIB);
    readable.destroy();
    await once(readable, 'close');
  });

  test('while many more wait on many channels holds no more than their credit', async () => {
    const { socket, session, told } = await connect({ maxOpenChannels: 64 });
    const transfers: Transfer[] = [];
    for (let index = 0; index < 500; index++) {
      transfers.push(socket.send(patternBytes(100 * KIB), { channel: `c${index % 60}` }));
    }
    // As many as have a channel are told, and none is taken.
    await told.take(60);
    await expect.poll(() => session.stats().receivedBytes).toBeGreaterThan(60 * 16_000);
    const probe = socket.send('probe', { priority: 'high' });
    await (await told.next()).text();
    await probe.delivered;
    expect(session.stats().receivedBytes).toBeLessThan(64 * 16 * KIB + 32 * KIB);
    for (const transfer of transfers) transfer.abort();
    await Promise.all(transfers.map(({ delivered }) => outcomeOf(delivered)));
    const { delivered } = socket.send(patternBytes(MIB), { channel: 'c1' });
    expect((await (await told.next()).arrayBuffer()).byteLength).toBe(MIB);
    await delivered;
  });
});

describe('readable', () => {
  test('goes through a pipeline, at the pace of the slowest', async () => {
    const { socket, told } = await connect();
    const data = patternBytes(6 * MIB);
    const transfer = socket.send(data);
    const message = await told.next();
    const hash = createHash('sha256');
    let mostAhead = 0;
    let written = 0;
    await pipeline(
      message.readable(),
      new Writable({
        highWaterMark: 1,
        write(chunk: Buffer, _encoding, callback) {
          expect(Buffer.isBuffer(chunk)).toBe(true);
          hash.update(chunk);
          written += chunk.length;
          mostAhead = Math.max(mostAhead, message.receivedBytes - written);
          setImmediate(callback);
        },
      }),
    );
    expect(hash.digest('hex')).toBe(hashOf(data));
    expect(mostAhead).toBeLessThan(5 * MIB);
    await transfer.delivered;
  });

  test.each<[string, Error | undefined, string]>([
    ['with an error', new Error('disk full'), 'disk full'],
    ['without', undefined, ''],
  ])('destroyed before its end %s rejects the message, and the next one comes', async (_name, error, reason) => {
    const { socket, told } = await connect();
    const transfer = socket.send(patternBytes(5 * MIB));
    const next = socket.send('next');
    const readable = (await told.next()).readable();
    readable.on('error', () => undefined);
    await once(readable, 'readable');
    readable.destroy(error);
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_REJECTED', reason });
    expect(await (await told.next()).text()).toBe('next');
    await next.delivered;
  });

  test('that nobody reads yet hears of an abort, and ends nothing but itself', async () => {
    const { socket, told } = await connect();
    const transfer = socket.send(patternBytes(5 * MIB));
    const readable = (await told.next()).readable();
    transfer.abort();
    // Without a listener for it, an error would be an uncaught exception here.
    await expect.poll(() => readable.destroyed).toBe(true);
    await expect(pipeline(readable, new Writable())).rejects.toThrow();
    expect(readable.errored).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test('whose pipeline fails rejects the message', async () => {
    const { socket, told } = await connect();
    const transfer = socket.send(patternBytes(5 * MIB));
    const piped = pipeline(
      (await told.next()).readable(),
      new Writable({
        write(_chunk, _encoding, callback) {
          callback(new Error('disk full'));
        },
      }),
    );
    await expect(piped).rejects.toThrow('disk full');
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_REJECTED', reason: 'disk full' });
  });

  test('of a message that is given up fails with CancelledError', async () => {
    const { socket, told } = await connect();
    const transfer = socket.send(patternBytes(5 * MIB));
    const readable = (await told.next()).readable();
    await once(readable, 'readable');
    transfer.abort('enough');
    await expect(finished(readable.resume())).rejects.toMatchObject({ code: 'ERR_CANCELLED', by: 'aborted' });
  });

  test('of an empty message, and of text', async () => {
    const { socket, told } = await connect();
    for (const text of ['', 'gr\u00fc\u00dfe']) {
      socket.send(text);
      const parts = (await (await told.next()).readable().toArray()) as Buffer[];
      expect(Buffer.concat(parts).toString()).toBe(text);
      expect(parts.every(({ length }) => length > 0)).toBe(true);
    }
  });

  test('and stream exclude each other', async () => {
    const { socket, told } = await connect();
    socket.send('once');
    const message = await told.next();
    const readable = message.readable();
    expect(() => message.readable()).toThrow(TypeError);
    expect(() => message.stream()).toThrow(TypeError);
    expect(Buffer.concat((await readable.toArray()) as Buffer[]).toString()).toBe('once');
  });
});

describe('the end of a session in the middle of a message', () => {
  test.each<[string, (connected: Connected) => unknown]>([
    [
      'the server terminates',
      ({ session }) => {
        session.terminate();
      },
    ],
    [
      'the server closes without patience',
      ({ session, clock }) => {
        void session.close(1000, '', { drainMs: 0 });
        clock.skip(1);
      },
    ],
    ['the client closes without patience', ({ socket }) => void socket.close(1000, '', { drainMs: 0 })],
    [
      'the client is gone for too long',
      ({ wss, socket, clock, session }) => {
        void socket.close(1000, '', { drainMs: 0 });
        for (const client of wss.clients) client.terminate();
        session.on('status', ({ status }) => {
          if (status === 'waiting') clock.skip(130_000);
        });
      },
    ],
  ])('%s: streams fail with session-ended, what is whole can be read', async (_name, end) => {
    const connected = await connect();
    const { socket, told } = connected;
    socket.send(patternBytes(5 * MIB), { channel: 'half' }).delivered.catch(() => undefined);
    await socket.send('whole', { channel: 'whole' }).delivered;
    const both = await told.take(2);
    const half = both.find(({ channel }) => channel === 'half') as ServerIncoming;
    const one = both.find(({ channel }) => channel === 'whole') as ServerIncoming;
    const reader = half.stream().getReader();
    await reader.read();
    const rest = (async (): Promise<void> => {
      while (!(await reader.read()).done);
    })();
    await Promise.all([
      expect(rest).rejects.toMatchObject({ code: 'ERR_CANCELLED', by: 'session-ended' }),
      end(connected),
    ]);
    expect(await one.text()).toBe('whole');
  });
});

describe('a peer that is all by hand', () => {
  test('may send one frame in many packets: the stream gets it as it comes', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url, newSession());
    const told = tellings<ServerIncoming>(await sessions.next());
    const all = Buffer.from(whole(patternBytes(10_000)));
    peer.stream(all.subarray(0, 2000));
    const message = await told.next();
    const reader = message.stream().getReader();
    let read = (await reader.read()).value?.length ?? 0;
    for (let at = 2000; at < all.length; at += 3000) {
      peer.stream(all.subarray(at, at + 3000));
      read += (await reader.read()).value?.length ?? 0;
    }
    expect(read).toBe(10_000);
    expect((await reader.read()).done).toBe(true);
  });

  test('is ended for text that is none, in the middle of a stream', async () => {
    const { url, sessions } = await startServer();
    const peer = await RawPeer.join(url, newSession());
    const session = await sessions.next();
    const told = tellings<ServerIncoming>(session);
    peer.stream(start('good', { text: true }));
    const stream = (await told.next()).stream();
    peer.stream(start(Uint8Array.of(0xff), { channel: 1, name: 'c', text: true }));
    // Nobody has looked at that as text yet.
    const bad = await told.next();
    expect(session.status).toBe('open');
    bad.stream();
    expect(await peer.closed).toEqual({ code: 4900, reason: 'bad-text' });
    await expect(readAll(stream)).rejects.toMatchObject({ by: 'session-ended' });
  });
});
