import { describe, expect, test } from 'vitest';
import { RejectedError } from '../../src/index.ts';
import type { Transfer, TransferProgress } from '../../src/index.ts';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import type { Incoming, MessageEvent } from '../../src/server.ts';
import { Inbox } from '../support/inbox.ts';
import { controlsIn, tellings } from '../support/incoming-support.ts';
import { settle } from '../support/manual-clock.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';
import { openScripted, openSocket, outcomeOf } from './support.ts';

const KIB = 1024;

async function* generate(parts: number, byteLength: number): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < parts; part++) yield await Promise.resolve(patternBytes(byteLength, part + 1));
}

describe('a transfer', () => {
  test('says what it is: channel, and meta as it was sent', () => {
    const { socket } = openScripted();
    const meta = { name: 'a', tags: [1], skipped: undefined };
    const transfer = socket.send('x', { channel: 'c\ud800', meta });
    meta.tags.push(2);
    expect(transfer.meta).toEqual({ name: 'a', tags: [1] });
    // As it arrives.
    expect(transfer.channel).toBe('c\ufffd');
    const plain = socket.send('x');
    expect([plain.channel, plain.meta, plain.totalBytes, plain.ackedBytes]).toEqual(['', undefined, 1, 0]);
  });

  test('is queued until something was sent, sending until all of it is taken, and delivered then', async () => {
    const { socket, server } = openScripted();
    const first = socket.send(patternBytes(200 * KIB));
    const second = socket.send('behind it');
    expect([first.state, second.state]).toEqual(['queued', 'queued']);
    const connection = await server.accept();
    await settle();
    expect(server.received).toBeGreaterThan(10 * KIB);
    expect([first.state, second.state, first.ackedBytes]).toEqual(['sending', 'queued', 0]);
    server.isAcking = true;
    connection.ack();
    await Promise.all([first.delivered, second.delivered]);
    expect([first.state, second.state, first.ackedBytes]).toEqual(['delivered', 'delivered', 200 * KIB]);
  });

  test('tells what was given to a connection; what of it is not acknowledged is what a resume sends again', async () => {
    const { socket, server, clock } = openScripted();
    const transfer = socket.send(patternBytes(200 * KIB));
    expect(transfer.sentBytes).toBe(0);
    const first = await server.accept();
    await settle();
    expect(transfer.sentBytes).toBeGreaterThan(10 * KIB);
    expect(transfer.sentBytes).toBeLessThan(200 * KIB);
    const { received } = server;
    first.ack();
    await settle();
    const { ackedBytes, sentBytes } = transfer;
    expect(ackedBytes).toBeGreaterThan(0);
    expect(sentBytes).toBeGreaterThan(ackedBytes);
    // What came since is lost.
    server.received = received;
    first.end();
    expect([transfer.ackedBytes, transfer.sentBytes]).toEqual([ackedBytes, sentBytes]);
    clock.advance(1000);
    server.isAcking = true;
    (await server.next()).accept();
    await transfer.delivered;
    expect([transfer.sentBytes, transfer.ackedBytes]).toEqual([200 * KIB, 200 * KIB]);
    expect(socket.stats().resentBytes).toBeGreaterThanOrEqual(sentBytes - ackedBytes);
  });

  test('is queued again when it waits for the next session', async () => {
    const { socket, server, clock } = openScripted();
    const first = await server.accept();
    const transfer = socket.send(patternBytes(200 * KIB));
    await settle();
    expect(transfer.state).toBe('sending');
    first.end();
    clock.advance(1000);
    const second = await server.next();
    second.open();
    server.received = server.sent = 0;
    second.welcome({ version: 1, result: 'gone' });
    await settle();
    expect(transfer.state).toBe('queued');
    server.isAcking = true;
    second.answer();
    await transfer.delivered;
    expect(transfer.state).toBe('delivered');
  });

  test('of a stream is sent again in the next session only if nothing of it was sent', async () => {
    const { socket, server, clock } = openScripted();
    const first = await server.accept();
    const begun = socket.send(generate(20, 10_000));
    await settle();
    const waiting = socket.send(generate(1, 10));
    expect([begun.state, waiting.state]).toEqual(['sending', 'queued']);
    first.end();
    clock.advance(1000);
    const second = (await server.next()).forget();
    server.isAcking = true;
    await expect(begun.delivered).rejects.toMatchObject({ code: 'ERR_SESSION_LOST' });
    second.answer();
    await waiting.delivered;
    expect(waiting.totalBytes).toBe(10);
  });

  test('of a stream does not know its length until it is delivered', async () => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    (await sessions.next()).on('message', () => undefined);
    const transfer = socket.send(generate(10, 10_000));
    const seen: TransferProgress[] = [];
    transfer.on('progress', (progress) => seen.push(progress));
    expect(transfer.totalBytes).toBeUndefined();
    await transfer.delivered;
    expect([transfer.totalBytes, transfer.ackedBytes]).toEqual([100_000, 100_000]);
    expect(seen.at(-1)).toMatchObject({ ackedBytes: 100_000, totalBytes: 100_000 });
    expect(seen.slice(0, -1).every(({ totalBytes }) => totalBytes === undefined)).toBe(true);
    const aborted = socket.send(generate(10, 10_000));
    aborted.abort();
    await outcomeOf(aborted.delivered);
    expect(aborted.totalBytes).toBeUndefined();
  });

  test('says how fast it is, from the second event on', async () => {
    const { socket, server, clock } = openScripted();
    const transfer = socket.send(patternBytes(400 * KIB));
    const seen: TransferProgress[] = [];
    transfer.on('progress', (progress) => seen.push(progress));
    const connection = await server.accept();
    const atMs: number[] = [];
    while (transfer.state !== 'delivered') {
      await settle();
      clock.advance(100);
      atMs.push(clock.now());
      connection.ack();
    }
    expect(seen[0]?.bytesPerSecond).toBe(0);
    expect(seen[1]?.bytesPerSecond).toBe((((seen[1]?.ackedBytes ?? 0) - (seen[0]?.ackedBytes ?? 0)) * 1000) / 100);
    const last = seen.at(-1)?.bytesPerSecond ?? 0;
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThanOrEqual((400 * KIB * 1000) / 100);
  });
});

describe('a transfer that the peer refuses', () => {
  /** A server that hears of each message of its one session. */
  async function start(): Promise<{ told: Inbox<Incoming>; messages: Inbox<MessageEvent>; url: string }> {
    const { url, server } = await startServer();
    const messages = new Inbox<MessageEvent>();
    const all = new Inbox<Incoming>();
    server.on('session', (session) => {
      const told = tellings<Incoming>(session);
      void (async () => {
        for (;;) all.push(await told.next());
      })();
    });
    return { url, told: all, messages };
  }

  test.each<[string, (transfer: Incoming) => unknown, string]>([
    [
      'with a reason',
      (message) => {
        message.reject('no room');
      },
      'no room',
    ],
    [
      'without',
      (message) => {
        message.reject();
      },
      '',
    ],
    [
      'with a very long one',
      (message) => {
        message.reject('\u00fc'.repeat(5000));
      },
      '\u00fc'.repeat(512),
    ],
    [
      'by an Error of plain JavaScript',
      (message) => {
        message.reject(new Error('thrown') as unknown as string);
      },
      'thrown',
    ],
    ['by cancelling its stream', (message) => message.stream().cancel('enough'), 'enough'],
  ])('%s fails with RejectedError, and nothing else does', async (_name, refuse, reason) => {
    const { url, told } = await start();
    const socket = openSocket(url);
    const transfers = [patternBytes(500_000), new Blob([patternBytes(500_000)]), generate(50, 10_000)].map((data) =>
      socket.send(data),
    );
    const other = socket.send(patternBytes(100_000), { channel: 'other' });
    const read = (async (): Promise<void> => {
      for (let count = 0; count < 4; count++) {
        const message = await told.next();
        if (message.channel === '') refuse(message);
        else expect((await message.arrayBuffer()).byteLength).toBe(100_000);
      }
    })();
    for (const { delivered } of transfers) {
      const error = await outcomeOf(delivered);
      expect(error).toBeInstanceOf(RejectedError);
      expect(error).toMatchObject({ code: 'ERR_REJECTED', reason });
    }
    await Promise.all([other.delivered, read]);
    expect(socket.bufferedAmount).toBe(0);
    expect(socket.stats().connections).toBe(1);
  });

  test('after all of it has come may count as delivered', async () => {
    const { url, told } = await start();
    const socket = openSocket(url);
    const transfer = socket.send('small');
    await transfer.delivered;
    (await told.next()).reject('too late');
    expect(transfer.state).toBe('delivered');
    await socket.send('next').delivered;
    expect(await (await told.next()).text()).toBe('next');
  });

  test('in the packet that it came in is not delivered', async () => {
    const { url, server } = await startServer();
    server.on('session', (session) => {
      session.on('incoming', (message) => {
        message.reject('at once');
      });
    });
    const socket = openSocket(url);
    await expect(socket.send('small').delivered).rejects.toMatchObject({ code: 'ERR_REJECTED', reason: 'at once' });
  });

  test('tells it so with a code that nobody knows, too', async () => {
    const { socket, server } = openScripted();
    const connection = await server.accept();
    const transfer = socket.send(patternBytes(200 * KIB));
    await settle();
    const reject = { type: 'reject' as const, channel: 0, ordinal: 0, code: 77, value: 0, reason: 'new' };
    connection.stream(encodeControl(reject), encodeControl(reject));
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_REJECTED', reason: 'new' });
    await settle();
    expect(controlsIn(connection.slices, 'cancel')).toEqual([
      { type: 'cancel', channel: 0, ordinal: 0, code: 0, reason: '' },
    ]);
  });
});

describe('what a transfer is aborted with', () => {
  test.each<[string, unknown, string]>([
    ['a string', 'enough', 'enough'],
    ['an Error', new RangeError('too far'), 'too far'],
    ['a DOMException', new DOMException('over', 'AbortError'), 'over'],
    ['nothing', undefined, ''],
    ['something else', { why: 1 }, ''],
    ['a very long text', 'r'.repeat(5000), 'r'.repeat(1024)],
  ])('%s is told to the peer', async (_name, reason, told) => {
    const { url, sessions } = await startServer();
    const socket = openSocket(url);
    const incoming = tellings<Incoming>(await sessions.next());
    const transfer: Transfer = socket.send(patternBytes(500_000), { meta: 1 });
    const message = await incoming.next();
    const reader = message.stream().getReader();
    await reader.read();
    transfer.abort(reason);
    await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason });
    const error = await (async (): Promise<unknown> => {
      for (;;) await reader.read();
    })().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', by: 'aborted', reason: told });
  });
});
