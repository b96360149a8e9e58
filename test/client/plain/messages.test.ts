import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { settle } from '../../support/manual-clock.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';
import { collect, openSocket, outcomeOf } from '../support.ts';
import { openPlain, openUp, startPlain } from './support.ts';

/** Large bytes by their digest, which is quicker to compare. */
function digest(data: string | Uint8Array | undefined): unknown {
  return data instanceof Uint8Array && data.length > 1000 ? createHash('sha1').update(data).digest('hex') : data;
}

describe('what is sent', () => {
  test('is one message of WebSocket each, whatever it comes from, in order', async () => {
    const { url, messages, requests } = await startPlain();
    const socket = openSocket(url, { mode: 'plain', protocols: [] });
    const big = patternBytes(2_000_000);
    async function* texts(): AsyncGenerator<string> {
      yield 'text in ';
      await Promise.resolve();
      yield 'pieces €';
    }
    const transfers = [
      socket.send('text'),
      socket.send(Uint8Array.of(1, 2, 3)),
      socket.send(Uint8Array.of(4, 5).buffer),
      socket.send(''),
      socket.send(new Uint8Array(0)),
      socket.send(new Blob([Uint8Array.of(6), Uint8Array.of(7)])),
      socket.send(new Blob([])),
      socket.send(new Blob([big.subarray(0, 1_500_000)])),
      socket.send(Readable.from([Buffer.from('a'), Buffer.from('bc')])),
      socket.send(texts()),
      socket.send(big),
      socket.send('last'),
    ];

    const came = await messages.take(transfers.length);

    expect(came.map(digest)).toEqual([
      'text',
      Uint8Array.of(1, 2, 3),
      Uint8Array.of(4, 5),
      '',
      new Uint8Array(0),
      Uint8Array.of(6, 7),
      new Uint8Array(0),
      digest(big.slice(0, 1_500_000)),
      new Uint8Array(Buffer.from('abc')),
      'text in pieces €',
      digest(big),
      'last',
    ]);
    await Promise.all(transfers.map(({ delivered }) => delivered));
    expect(requests[0]?.headers['sec-websocket-protocol']).toBeUndefined();
    expect(transfers.map(({ state }) => state)).toEqual(transfers.map(() => 'delivered'));
    expect(socket.stats()).toMatchObject({ sentPackets: 12, connections: 1, bufferedBytes: 0, inFlightBytes: 0 });
  });

  test('goes high before auto before low, among what waits', async () => {
    const { socket, server } = openPlain();
    socket.send('low', { priority: 'low' });
    socket.send('auto');
    socket.send('high', { priority: 'high' });
    socket.send('auto too');
    const connection = await server.next();
    connection.open('');
    await settle();
    expect(connection.sent).toEqual(['high', 'auto', 'auto too', 'low']);
  });

  test('a stream that is not at its end holds up what is behind it, and nothing that is more urgent', async () => {
    const { socket, connection } = await openUp();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    async function* slow(): AsyncGenerator<string> {
      yield 'slow';
      await ended;
    }
    const transfer = socket.send(slow());
    socket.send('behind');
    await settle();
    socket.send('urgent', { priority: 'high' });
    await settle();
    expect(connection.sent).toEqual(['urgent']);
    expect([transfer.state, socket.bufferedAmount]).toEqual(['queued', 4 + 6]);
    end();
    await settle();
    expect(connection.sent).toEqual(['urgent', 'slow', 'behind']);
  });

  test('a stream that is half gathered when the connection is lost is sent whole on the next', async () => {
    const { socket, connection, server, clock } = await openUp();
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    async function* slow(): AsyncGenerator<string> {
      yield 'half';
      await ended;
      yield ' and half';
    }
    socket.send(slow());
    await settle();
    connection.end(1006);
    end();
    await settle();
    clock.advance(250);
    const next = await server.next();
    next.open('');
    await settle();
    expect(next.sent).toEqual(['half and half']);
  });

  test('a source that fails is a SourceError, and the next one goes on', async () => {
    const { socket, connection } = await openUp();
    // eslint-disable-next-line require-yield -- it fails before it gives anything
    async function* failing(): AsyncGenerator<string> {
      await Promise.resolve();
      throw new Error('no more');
    }
    const { delivered } = socket.send(failing());
    socket.send('next');
    await expect(delivered).rejects.toMatchObject({ code: 'ERR_SOURCE', cause: { message: 'no more' } });
    await settle();
    expect(connection.sent).toEqual(['next']);
  });

  test.each([
    ['channel', { channel: 'x' }],
    ['meta', { meta: null }],
  ])('with %s is a PlainModeError that names it', async (option, options) => {
    const { socket } = openPlain();
    const error = await outcomeOf(socket.send('x', options).delivered);
    expect(error).toMatchObject({ name: 'PlainModeError', code: 'ERR_PLAIN_MODE', option });
    expect((error as { hint: string }).hint).toContain('chunksocket/server');
    expect(socket.bufferedAmount).toBe(0);
  });

  test.each(['a Blob', 'a stream'])(
    '%s is gathered up to maxMessageBytes, and one byte more is too big',
    async (kind) => {
      const { socket, connection, clock } = await openUp({ maxMessageBytes: 1000 });
      const source = (bytes: number): Blob | Readable => {
        const data = patternBytes(bytes);
        return kind === 'a Blob' ? new Blob([data]) : Readable.from([data.subarray(0, 600), data.subarray(600)]);
      };
      const tooBig = socket.send(source(1001));
      const fits = socket.send(source(1000));
      // What is in memory already is not gathered.
      const bytes = socket.send(patternBytes(1001));
      const error = await outcomeOf(tooBig.delivered);
      expect(error).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', limitBytes: 1000 });
      expect((error as { sizeBytes?: number }).sizeBytes).toBe(kind === 'a Blob' ? 1001 : undefined);
      for (let turn = 0; turn < 10; turn++) await settle();
      clock.advance(250);
      expect(connection.sent.map(({ length }) => length)).toEqual([1000, 1001]);
      clock.advance(250);
      await Promise.all([fits.delivered, bytes.delivered]);
    },
  );
});

describe('what comes', () => {
  test.each([
    ['arraybuffer', (data: unknown) => data instanceof ArrayBuffer],
    ['uint8array', (data: unknown) => data instanceof Uint8Array],
    ['blob', (data: unknown) => data instanceof Blob],
  ] as const)('is a message in the form %s', async (binaryType, isForm) => {
    const { url, connections } = await startPlain();
    const socket = openSocket(url, { mode: 'plain', binaryType });
    const messages = collect(socket, 'message');
    const incoming = collect(socket, 'incoming');
    const connection = await connections.next();
    connection.send(Uint8Array.of(1, 2));
    connection.send('text');
    const [binary, text] = await messages.take(2);
    expect(isForm(binary?.data)).toBe(true);
    const bytes = new Uint8Array(await new Blob([binary?.data as Blob]).arrayBuffer());
    expect(bytes).toEqual(Uint8Array.of(1, 2));
    expect(text).toEqual({ data: 'text', channel: '', meta: undefined, possibleDuplicateOf: undefined });
    expect(incoming.items).toEqual([]);
    expect(socket.stats()).toMatchObject({ receivedBytes: 6, receivedPackets: 2 });
  });

  test('waits until somebody listens, as far as poolBytes goes', async () => {
    const { socket, connection } = await openUp({ maxMessageBytes: 10_000, poolBytes: 20_000 });
    const errors = collect(socket, 'error');
    connection.deliver(patternBytes(10_000));
    connection.deliver(patternBytes(9_936));
    // However small, it costs something.
    connection.deliverText('x');
    expect(errors.items).toEqual([]);
    connection.deliverText('y');
    expect(errors.items).toMatchObject([{ error: { code: 'ERR_BUFFER_FULL' } }]);

    const messages = collect(socket, 'message');
    await settle();
    expect(
      messages.items.map(({ data }) => (typeof data === 'string' ? data : (data as ArrayBuffer).byteLength)),
    ).toEqual([10_000, 9_936, 'x']);
    connection.deliverText('z');
    expect(messages.items.at(-1)).toMatchObject({ data: 'z' });
  });

  test('and is larger than maxMessageBytes is an error event, and the next one is told', async () => {
    const { socket, connection } = await openUp({ maxMessageBytes: 4 });
    const errors = collect(socket, 'error');
    const messages = collect(socket, 'message');
    connection.deliver(new Uint8Array(4));
    connection.deliver(new Uint8Array(5));
    connection.deliverText('€€');
    connection.deliverText('€1');
    expect(messages.items.map(({ data }) => data)).toEqual([new ArrayBuffer(4), '€1']);
    expect(errors.items).toMatchObject([
      { error: { code: 'ERR_MESSAGE_TOO_BIG', sizeBytes: 5, limitBytes: 4 } },
      { error: { code: 'ERR_MESSAGE_TOO_BIG', sizeBytes: 6, limitBytes: 4 } },
    ]);
  });
});

describe('as with a session', () => {
  test('the queue takes what fits, and one byte more is a BufferFullError', async () => {
    const { socket, server } = openPlain({ maxBufferedBytes: 1000 });
    const first = socket.send(patternBytes(400));
    const fits = socket.send(patternBytes(600));
    const over = socket.send(patternBytes(1));
    await expect(over.delivered).rejects.toMatchObject({ code: 'ERR_BUFFER_FULL', bufferedBytes: 1000, sizeBytes: 1 });
    expect([first.state, fits.state, socket.bufferedAmount]).toEqual(['queued', 'queued', 1000]);
    const connection = await server.next();
    connection.open('');
    await settle();
    expect(connection.sent.map(({ length }) => length)).toEqual([400, 600]);
  });

  test('ready, drain and bufferedAmount follow what is delivered', async () => {
    const { socket, connection, clock } = await openUp({ maxBufferedBytes: 1000 });
    const drains = collect(socket, 'drain');
    socket.send(patternBytes(501));
    let isReady = false;
    void socket.ready.then(() => (isReady = true));
    await settle();
    expect([connection.sent.length, isReady, socket.stats().inFlightBytes]).toEqual([1, false, 501]);
    expect(drains.items).toEqual([]);
    clock.advance(249);
    await settle();
    expect(isReady).toBe(false);
    clock.advance(1);
    await settle();
    expect([isReady, socket.bufferedAmount, drains.items]).toEqual([true, 0, [{ bufferedBytes: 0 }]]);
  });

  test('ttlMs gives up what was not begun, and nothing else', async () => {
    const { socket, server, clock } = openPlain();
    const stale = socket.send('stale', { ttlMs: 100 });
    const fresh = socket.send('fresh', { ttlMs: 101 });
    const connection = await server.next();
    clock.advance(100);
    await expect(stale.delivered).rejects.toMatchObject({ code: 'ERR_EXPIRED' });
    connection.open('');
    await settle();
    expect(connection.sent).toEqual(['fresh']);
    clock.advance(250);
    await fresh.delivered;
  });

  test('abort and signal give up what waits, and what was given to the socket as far as that goes', async () => {
    const { socket, server, clock } = openPlain();
    const stop = new AbortController();
    const waiting = socket.send('waiting');
    const signalled = socket.send('signalled', { signal: stop.signal });
    const sent = socket.send('sent');
    waiting.abort('why');
    stop.abort('because');
    const connection = await server.next();
    connection.open('');
    await settle();
    sent.abort();
    expect(connection.sent).toEqual(['sent']);
    await expect(waiting.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'why' });
    await expect(signalled.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'because' });
    await expect(sent.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(socket.bufferedAmount).toBe(0);
    const after = socket.send('after');
    await settle();
    clock.advance(250);
    await after.delivered;
  });

  test('progress tells what has left, and the end', async () => {
    const { socket, connection, clock } = await openUp();
    const transfer = socket.send(patternBytes(1000));
    const seen: number[] = [];
    transfer.on('progress', ({ ackedBytes }) => seen.push(ackedBytes));
    connection.bufferedAmount = 700;
    await settle();
    clock.advance(60);
    connection.bufferedAmount = 400;
    clock.advance(20);
    expect([transfer.ackedBytes, socket.bufferedAmount, transfer.state]).toEqual([600, 400, 'sending']);
    connection.bufferedAmount = 0;
    clock.advance(400);
    await transfer.delivered;
    expect(seen).toEqual([300, 600, 1000]);
  });

  test('auth is not asked for, and a URL is, for each connection', async () => {
    let urls = 0;
    const { server, clock } = openPlain(
      {
        auth: () => {
          throw new Error('asked');
        },
      },
      {},
    );
    const connection = await server.next();
    connection.end(1006);
    clock.advance(250);
    expect((await server.next()).protocols).toEqual([]);
    const { url } = await startPlain();
    const socket = openSocket(
      () => {
        urls++;
        return url;
      },
      { mode: 'plain' },
    );
    await collect(socket, 'open').next();
    expect(urls).toBe(1);
  });
});
