import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ChunkSocket, Incoming } from '../../src/index.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import type { MessageEvent } from '../../src/server.ts';
import { controlsIn, frame, last, start, tellings, whole } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';
import type { ScriptedSocket } from './scripted-server.ts';
import { catchReports, collect, openScripted, openSocket, outcomeOf } from './support.ts';

const MIB = 1024 * 1024;
const types = ['blob', 'arraybuffer', 'uint8array'] as const;

async function bytesOf(data: unknown): Promise<Uint8Array> {
  if (data instanceof Blob) return new Uint8Array(await data.arrayBuffer());
  return data instanceof ArrayBuffer ? new Uint8Array(data) : (data as Uint8Array);
}

function kindOf(data: unknown): string {
  if (data instanceof Blob) return 'blob';
  return data instanceof ArrayBuffer ? 'arraybuffer' : data instanceof Uint8Array ? 'uint8array' : typeof data;
}

describe.each(types)('binaryType %s', (binaryType) => {
  // Small ones, text, and several times the credit; in the order sent.
  const sent: (string | Uint8Array)[] = [
    patternBytes(3 * MIB, 1),
    'text',
    patternBytes(10, 2),
    new Uint8Array(),
    patternBytes(100_000, 3),
    '',
    patternBytes(16_320, 4),
    patternBytes(16_321, 5),
    't'.repeat(200_000),
    patternBytes(2 * MIB, 6),
    patternBytes(1, 7),
  ];

  async function check(messages: readonly MessageEvent[]): Promise<void> {
    expect(messages.map(({ meta }) => meta)).toEqual(sent.map((_, index) => index));
    for (const [index, data] of sent.entries()) {
      const got = messages[index]?.data;
      expect(kindOf(got)).toBe(typeof data === 'string' ? 'string' : binaryType);
      if (typeof data === 'string') expect(got === data).toBe(true);
      else expect(Buffer.compare(await bytesOf(got), data)).toBe(0);
    }
  }

  test('big and small, binary and text keep their order in a channel, from the server', async () => {
    const { url, server } = await startServer();
    server.on('session', (session) => {
      for (const [index, data] of sent.entries()) session.send(data, { meta: index });
    });
    await check(await collect(openSocket(url, { binaryType }), 'message').take(sent.length));
  });

  test('and from the client', async () => {
    const { url, sessions } = await startServer({ binaryType });
    const socket = openSocket(url);
    const session = await sessions.next();
    const inbox = new Promise<MessageEvent[]>((resolve) => {
      const messages: MessageEvent[] = [];
      session.on('message', (message) => {
        if (messages.push(message) === sent.length) resolve(messages);
      });
    });
    for (const [index, data] of sent.entries()) socket.send(data, { meta: index });
    await check(await inbox);
  });

  test('gives buffers of their own, and a copy to nobody', async () => {
    const { socket, server } = openScripted({ binaryType });
    const connection = await server.accept();
    const messages = collect(socket, 'message');
    connection.stream(whole(patternBytes(3000, 1)), whole(patternBytes(10, 2)), start(patternBytes(4000, 3)), last(0));
    for (const [index, size] of [3000, 10, 4000].entries()) {
      const { data } = await messages.next();
      if (binaryType === 'uint8array') expect((data as Uint8Array).buffer.byteLength).toBe(size);
      const bytes = await bytesOf(data);
      expect(Buffer.compare(bytes, patternBytes(size, index + 1))).toBe(0);
      bytes.fill(0xee);
    }
  });

  test('holds a message over maxMessageBytes for too big in the middle of it, and the sender hears so', async () => {
    const { url, server, sessions } = await startServer();
    const socket = openSocket(url, { binaryType, maxMessageBytes: 1_000_000 });
    const messages = collect(socket, 'message');
    const session = await sessions.next();
    async function* grow(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 100; count++) yield await Promise.resolve(patternBytes(50_000, count));
    }
    const known = session.send(patternBytes(1_000_001));
    const unknown = session.send(grow());
    const fits = session.send(patternBytes(1_000_000));
    expect(await outcomeOf(known.delivered)).toMatchObject({
      code: 'ERR_MESSAGE_TOO_BIG',
      sizeBytes: 1_000_001,
      limitBytes: 1_000_000,
    });
    const error = await outcomeOf(unknown.delivered);
    expect(error).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', limitBytes: 1_000_000 });
    expect((error as { sizeBytes?: number }).sizeBytes).toBeUndefined();
    await fits.delivered;
    expect((await bytesOf((await messages.next()).data)).length).toBe(1_000_000);
    expect(messages.items).toEqual([]);
    expect(server.stats().sessions).toBe(1);
  });
});

describe('binaryType blob', () => {
  /** A client that takes Blobs. */
  async function open(): Promise<{ socket: ChunkSocket; connection: ScriptedSocket }> {
    const { socket, server } = openScripted({ binaryType: 'blob' });
    return { socket, connection: await server.accept() };
  }

  test('gives the type that meta names, whatever the size', async () => {
    const { socket, connection } = await open();
    const messages = collect(socket, 'message');
    const meta = { type: 'image/png' };
    connection.stream(whole(10, { meta }), start(10, { meta }), last(10), whole(10));
    const blobs = (await messages.take(3)).map(({ data }) => data as Blob);
    expect(blobs.map(({ type, size }) => [type, size])).toEqual([
      ['image/png', 10],
      ['image/png', 20],
      ['', 10],
    ]);
  });

  test('gives credit back as it comes, and needs no room in the pool', async () => {
    const { socket, connection } = await open();
    collect(socket, 'message');
    connection.stream(start(16_000, { total: 10_000_000 }));
    await settle();
    expect(controlsIn(connection.slices, 'credit')).toEqual([{ type: 'credit', channel: 0, limit: 16_000 + 16_384 }]);
  });

  test('is made of few parts, however small the pieces are that come', async () => {
    let most = 0;
    const Native = Blob;
    vi.stubGlobal(
      'Blob',
      class extends Native {
        constructor(parts: (Uint8Array<ArrayBuffer> | Blob)[], options?: BlobPropertyBag) {
          super(parts, options);
          most = Math.max(most, parts.length);
        }
      },
    );
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const { socket, connection } = await open();
    const told = tellings<Incoming>(socket);
    connection.stream(start('a'));
    const blob = (await told.next()).blob();
    for (let count = 0; count < 5000; count++) connection.stream(frame('b'));
    await settle();
    connection.stream(last('c'));
    expect(await (await blob).text()).toBe(`a${'b'.repeat(5000)}c`);
    expect(most).toBeLessThan(10);
  });

  test('keeps a Blob that is whole when the one listener has left, for the next', async () => {
    const { socket, connection } = await open();
    const got: unknown[] = [];
    const listenOnce = (): unknown => socket.once('message', ({ channel }) => got.push(channel));
    listenOnce();
    connection.stream(start(10, { channel: 1, name: 'a' }), start(10, { channel: 2, name: 'b' }));
    await settle();
    connection.stream(last(10, { channel: 1 }), last(10, { channel: 2 }));
    await settle();
    expect(got).toEqual(['a']);
    listenOnce();
    await settle();
    expect(got).toEqual(['a', 'b']);
  });

  test('keeps it before what follows on its channel', async () => {
    const { socket, connection } = await open();
    const off = socket.on('message', () => undefined);
    connection.stream(start(10), start(10, { channel: 1, name: 'a' }));
    await settle();
    off();
    connection.stream(last(10), whole('next'), last(10, { channel: 1 }));
    await settle();
    const messages = collect(socket, 'message');
    const got = (await messages.take(3)).map(({ data, channel }) => [channel, kindOf(data)]);
    expect(got.filter(([channel]) => channel === '')).toEqual([
      ['', 'blob'],
      ['', 'string'],
    ]);
    expect(got.filter(([channel]) => channel === 'a')).toEqual([['a', 'blob']]);
  });

  test('leaves to incoming what it takes, and hands over what it does not', async () => {
    const { socket, connection } = await open();
    const messages = collect(socket, 'message');
    const buffers: Promise<ArrayBuffer>[] = [];
    socket.on('incoming', (message) => {
      if (message.channel === 'a') buffers.push(message.arrayBuffer());
    });
    connection.stream(start(10, { channel: 1, name: 'a' }), start(10, { channel: 2, name: 'b' }));
    connection.stream(last(1, { channel: 1 }), last(2, { channel: 2 }), whole(3, { channel: 2 }));
    expect((await messages.take(2)).map(({ data }) => (data as Blob).size)).toEqual([12, 3]);
    expect((await Promise.all(buffers)).map(({ byteLength }) => byteLength)).toEqual([11]);
    expect(messages.items).toEqual([]);
  });

  test('of a message that nobody took at first, and is half here when a listener comes', async () => {
    const { socket, connection } = await open();
    const told = tellings<Incoming>(socket);
    connection.stream(start(10));
    const message = await told.next();
    await settle();
    const messages = collect(socket, 'message');
    await settle();
    expect(() => message.stream()).toThrow(TypeError);
    connection.stream(last(10));
    expect((await messages.next()).data).toMatchObject({ size: 20 });
  });

  test('says nothing of one that was cancelled, and a listener that throws breaks nothing', async () => {
    const reports = catchReports();
    const { socket, connection } = await open();
    socket.on('message', () => {
      throw new Error('broken');
    });
    const messages = collect(socket, 'message');
    connection.stream(start(10));
    await settle();
    connection.stream(encodeControl({ type: 'cancel', channel: 0, ordinal: 0, code: 0, reason: '' }));
    connection.stream(start(20));
    connection.stream(last(20));
    expect((await messages.next()).data).toMatchObject({ size: 40 });
    expect(reports.map(String)).toEqual(['Error: broken']);
  });
});
