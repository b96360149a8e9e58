import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ChunkSocketOptions, Incoming, SendData } from '../../src/index.ts';
import { streamOf, tellings } from '../support/incoming-support.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';
import { openSocket, outcomeOf } from './support.ts';

const KIB = 1024;

interface Prepared {
  readonly data: SendData;
  readonly isText: boolean;
}

/** Text of so many bytes, with characters of one to four. */
function textOf(byteLength: number): string {
  const unit = 'a\u00fc\u20ac\u{1f600}';
  return unit.repeat(Math.floor(byteLength / 10)) + 'z'.repeat(byteLength % 10);
}

function* cut<T extends string | Uint8Array>(data: T, lengths: readonly number[]): Generator<T> {
  for (let at = 0, index = 0; at < data.length; index++) {
    const length = lengths[index % lengths.length] as number;
    yield data.slice(at, at + length) as T;
    at += length;
  }
}

async function* slowly<T>(parts: Iterable<T>): AsyncGenerator<T> {
  for (const part of parts) {
    await new Promise((resolve) => setImmediate(resolve));
    yield part;
  }
}

async function fileOf(bytes: Uint8Array): Promise<Readable> {
  const folder = await mkdtemp(join(tmpdir(), 'chunksocket-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'data');
  await writeFile(path, bytes);
  return createReadStream(path);
}

const bytes = (data: SendData): Prepared => ({ data, isText: false });
const text = (data: SendData): Prepared => ({ data, isText: true });

const sources: [string, (byteLength: number) => Prepared | Promise<Prepared>][] = [
  ['a string', (byteLength) => text(textOf(byteLength))],
  ['an ArrayBuffer', (byteLength) => bytes(patternBytes(byteLength).slice().buffer)],
  ['a view', (byteLength) => bytes(viewOf(byteLength))],
  ['a Blob', (byteLength) => bytes(new Blob([patternBytes(byteLength)]))],
  ['a generator of bytes', (byteLength) => bytes(slowly(cut(patternBytes(byteLength), [1, 100, 5000, 70_000])))],
  ['a generator of text', (byteLength) => text(slowly(cut(textOf(byteLength), [1, 3, 7000])))],
  ['a ReadableStream of bytes', (byteLength) => bytes(streamOf(cut(patternBytes(byteLength), [40_000, 1])))],
  ['a ReadableStream of text', (byteLength) => text(streamOf(cut(textOf(byteLength), [9001, 2])))],
  ['a Readable of Node', (byteLength) => bytes(Readable.from(cut(patternBytes(byteLength), [33_333])))],
  ['a file as a Readable', async (byteLength) => bytes(await fileOf(patternBytes(byteLength)))],
];

/** A part of a larger buffer. */
function viewOf(byteLength: number): Uint8Array {
  const larger = new Uint8Array(byteLength + 20);
  larger.set(patternBytes(byteLength), 7);
  return larger.subarray(7, 7 + byteLength);
}

function expected(isText: boolean, byteLength: number): Uint8Array {
  return isText ? Buffer.from(textOf(byteLength)) : patternBytes(byteLength);
}

/** Both ends of a session: `send` sends, and `told` hears of it at the other end. */
async function connect(direction: string, options: ChunkSocketOptions = {}) {
  const started = await startServer();
  const socket = openSocket(started.url, options);
  const session = await started.sessions.next();
  return direction === 'client to server'
    ? { ...started, socket, sender: socket, told: tellings<Incoming>(session) }
    : { ...started, socket, sender: session, told: tellings<Incoming>(socket) };
}

/** Reads to the end; `atHalf` is called once, in the middle. */
async function read(message: Incoming, byteLength: number, atHalf?: () => void): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let count = 0;
  let isAtHalf = atHalf !== undefined;
  for await (const part of message.stream()) {
    parts.push(part);
    count += part.length;
    if (isAtHalf && count * 2 >= byteLength) {
      isAtHalf = false;
      atHalf?.();
    }
  }
  return Buffer.concat(parts);
}

describe.each(['client to server', 'server to client'])('from %s', (direction) => {
  // What a packet and the first credit hold, less headers and costs, and one more or less.
  const limits = [16_384, 16_384 - 64, 16_384 - 64 - 4, 2 * 16_384 - 64, 8192];
  const sizes = [0, 1, 9, ...limits.flatMap((limit) => [limit - 1, limit, limit + 1]), 100_000, 300_001];

  test.each(sources)('%s arrives as it is, whatever its size', async (_name, prepare) => {
    const { sender, told } = await connect(direction);
    for (const byteLength of sizes) {
      const { data, isText } = await prepare(byteLength);
      const transfer = sender.send(data, { meta: byteLength });
      const message = await told.next();
      const got = await read(message, byteLength);
      await transfer.delivered;
      // A stream without a chunk has said nothing.
      if (byteLength > 0) expect(message.isText).toBe(isText);
      expect([byteLength, Buffer.compare(got, expected(isText, byteLength))]).toEqual([byteLength, 0]);
      expect([message.totalBytes, transfer.totalBytes]).toEqual([byteLength, byteLength]);
    }
  });

  test.each(sources)('%s arrives as it is when the connection is cut in the middle, thrice', async (_name, prepare) => {
    const byteLength = 700_001;
    const { sender, told, wss, socket } = await connect(direction);
    for (let count = 0; count < 3; count++) {
      const { data, isText } = await prepare(byteLength);
      const transfer = sender.send(data);
      const got = await read(await told.next(), byteLength, () => {
        for (const client of wss.clients) client.terminate();
      });
      expect(Buffer.compare(got, expected(isText, byteLength))).toBe(0);
      await transfer.delivered;
    }
    expect(socket.stats().connections).toBe(4);
  });

  test('all of them at once, with cuts, each on a channel of its own', async () => {
    const byteLength = 200_003;
    const { sender, told, wss } = await connect(direction);
    const kinds = new Map<unknown, boolean>();
    const transfers = await Promise.all(
      sources.map(async ([name, prepare]) => {
        const { data, isText } = await prepare(byteLength);
        kinds.set(name, isText);
        return sender.send(data, { channel: name });
      }),
    );
    let reads = 0;
    const readers = (await told.take(sources.length)).map(async (message) => {
      const got = await read(message, byteLength, () => {
        if (++reads % 4 === 0) for (const client of wss.clients) client.terminate();
      });
      expect(Buffer.compare(got, expected(kinds.get(message.channel) === true, byteLength))).toBe(0);
    });
    await Promise.all([...readers, ...transfers.map(({ delivered }) => delivered)]);
  });

  test('a buffer that is taken over is detached at once, and arrives', async () => {
    const { sender, told } = await connect(direction);
    for (const byteLength of [1, 16_320, 500_000]) {
      for (const isView of [false, true]) {
        const whole = patternBytes(byteLength + 8).slice();
        const data = isView ? whole.subarray(4, 4 + byteLength) : whole.buffer;
        const transfer = sender.send(data, { transfer: true });
        expect(whole.buffer.byteLength).toBe(0);
        const length = isView ? byteLength : byteLength + 8;
        const got = new Uint8Array(await (await told.next()).arrayBuffer());
        const from = isView ? 4 : 0;
        expect(Buffer.compare(got, patternBytes(byteLength + 8).subarray(from, from + length))).toBe(0);
        await transfer.delivered;
      }
    }
  });

  test('a source that fails in the middle fails that transfer only, and the peer hears why', async () => {
    const { sender, told } = await connect(direction);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* slowly(cut(patternBytes(100_000), [9000]));
      throw new RangeError('the disk is gone');
    }
    const transfer = sender.send(broken());
    const other = sender.send(patternBytes(300_000), { channel: 'other' });
    const next = sender.send('next');
    const [message, large] = (await told.take(2)).sort((a, b) => a.channel.length - b.channel.length);
    const failure = read(message as Incoming, 0).catch((error: unknown) => error);
    expect(await outcomeOf(transfer.delivered)).toMatchObject({
      code: 'ERR_SOURCE',
      cause: expect.objectContaining({ message: 'the disk is gone' }) as unknown,
    });
    expect(await failure).toMatchObject({ by: 'source-failed', reason: 'the disk is gone' });
    expect((await large?.arrayBuffer())?.byteLength).toBe(300_000);
    expect(await (await told.next()).text()).toBe('next');
    await Promise.all([other.delivered, next.delivered]);
  });

  test('a message given up many times in a row on one channel costs no credit', async () => {
    const { sender, told } = await connect(direction, { maxMessageBytes: 1_000_000, poolBytes: 1_100_000 });
    const kinds = [(): SendData => patternBytes(900_000), (): SendData => slowly(cut(patternBytes(900_000), [30_000]))];
    for (let count = 0; count < 40; count++) {
      const transfer = sender.send((kinds[count % 2] as () => SendData)());
      const message = await told.next();
      const taken = (count % 4 < 2 ? read(message, 0) : message.arrayBuffer()).catch(() => undefined);
      transfer.abort();
      // On a quick path all of it may have come by now.
      await Promise.all([outcomeOf(transfer.delivered), taken]);
    }
    const big = sender.send(patternBytes(1_000_000));
    expect((await (await told.next()).arrayBuffer()).byteLength).toBe(1_000_000);
    await big.delivered;
    expect(sender.bufferedAmount).toBe(0);
  });
});

test('a queue of streams is cancelled when the socket is closed for good', async () => {
  const { url } = await startServer();
  const socket = openSocket(url);
  const returned: number[] = [];
  const transfers = [1, 2, 3].map((number) => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(new Uint8Array(10 * KIB));
      } finally {
        returned.push(number);
      }
    }
    return socket.send(endless());
  });
  await expect.poll(() => transfers[0]?.state).toBe('sending');
  await socket.close(1000, '', { drainMs: 0 });
  for (const { delivered } of transfers) expect(await outcomeOf(delivered)).toMatchObject({ code: 'ERR_CLOSED' });
  await expect.poll(() => returned).toEqual([1]);
});
