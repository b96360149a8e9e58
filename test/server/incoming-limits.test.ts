import { describe, expect, test } from 'vitest';
import { MessageTooBigError } from '../../src/index.ts';
import type { SendData } from '../../src/index.ts';
import type { MessageEvent, ServerIncoming, ServerSession } from '../../src/server.ts';
import { openSocket, outcomeOf } from '../client/support.ts';
import { Inbox } from '../support/inbox.ts';
import { readAll, tellings } from '../support/incoming-support.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { startServer } from '../support/start-server.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MAX_WHOLE = MIB;
const MAX_STREAM = 3 * MIB;
const limits = { maxMessageBytes: MAX_WHOLE, maxStreamBytes: MAX_STREAM };

async function* parts(byteLength: number): AsyncGenerator<string> {
  for (let at = 0; at < byteLength; at += 50_000) {
    yield await Promise.resolve('x'.repeat(Math.min(50_000, byteLength - at)));
  }
}

/** Messages of a length that is known, and of one that is not. */
const kinds: [string, boolean, (byteLength: number) => SendData][] = [
  ['known', true, (byteLength) => 'x'.repeat(byteLength)],
  ['unknown', false, (byteLength) => parts(byteLength)],
];

interface Taker {
  readonly name: string;
  readonly limitBytes: number;
  /** Takes all that comes; gives the length of each that came whole. */
  readonly take: (session: ServerSession, got: Inbox<number>) => void;
}

const lengthOf = (data: MessageEvent['data']): number =>
  typeof data === 'string' ? data.length : data instanceof Blob ? data.size : data.byteLength;

function byIncoming(name: string, limitBytes: number, take: (message: ServerIncoming) => Promise<number>): Taker {
  return {
    name,
    limitBytes,
    take: (session, got) => {
      session.on('incoming', async (message) => {
        const length = await take(message).catch((error: unknown) => {
          // Of the larger limit its sender knows, and gives it up by itself.
          if (limitBytes === MAX_STREAM) expect(error).toMatchObject({ code: 'ERR_CANCELLED', by: 'aborted' });
          else expect(error).toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', limitBytes });
          return undefined;
        });
        if (length !== undefined) got.push(length);
      });
    },
  };
}

const takers: Taker[] = [
  {
    name: 'message',
    limitBytes: MAX_WHOLE,
    take: (session, got) => {
      session.on('message', ({ data }) => {
        got.push(lengthOf(data));
      });
    },
  },
  byIncoming('text', MAX_WHOLE, async (message) => (await message.text()).length),
  byIncoming('arrayBuffer', MAX_WHOLE, async (message) => (await message.arrayBuffer()).byteLength),
  byIncoming('blob', MAX_STREAM, async (message) => (await message.blob()).size),
  byIncoming('stream', MAX_STREAM, async (message) => (await readAll(message.stream())).length),
];

describe.each(takers)('taken by $name, a message', ({ limitBytes, take }) => {
  test.each(kinds)(
    'of a length that is %s has a limit, to the byte; what is over it fails alone',
    async (_name, isKnown, make) => {
      const { url, sessions } = await startServer(limits);
      const socket = openSocket(url);
      const session = await sessions.next();
      const got = new Inbox<number>();
      take(session, got);
      const fits = socket.send(make(limitBytes));
      const over = socket.send(make(limitBytes + 1));
      const wayOver = socket.send(make(limitBytes * 2));
      const other = socket.send(make(limitBytes), { channel: 'other' });
      const last = socket.send('last');

      for (const [transfer, sizeBytes] of [
        [over, limitBytes + 1],
        [wayOver, limitBytes * 2],
      ] as const) {
        const error = await outcomeOf(transfer.delivered);
        expect(error).toBeInstanceOf(MessageTooBigError);
        expect(error).toMatchObject({ limitBytes, sizeBytes: isKnown ? sizeBytes : undefined });
      }
      await Promise.all([fits.delivered, other.delivered, last.delivered]);
      const lengths = await got.take(3);
      expect(lengths.filter((length) => length !== 4)).toEqual([limitBytes, limitBytes]);
      expect([socket.status, socket.bufferedAmount, socket.stats().connections]).toEqual(['open', 0, 1]);
    },
  );
});

describe('a message over maxMessageBytes', () => {
  test.each(kinds)(
    'of a length that is %s, waits while nobody listens, and goes on for whoever streams it',
    async (_name, isKnown, make) => {
      const { url, sessions } = await startServer({ ...limits, poolBytes: MAX_WHOLE + 72 * KIB });
      const socket = openSocket(url);
      const session = await sessions.next();
      const { delivered } = socket.send(make(2 * MIB));
      const probe = async (): Promise<void> => {
        const acked = session.stats().receivedPackets;
        await session.send('probe').delivered;
        expect(session.stats().receivedPackets).toBeGreaterThan(acked);
      };
      for (let count = 0; count < 5; count++) await probe();
      // What may yet turn out to be small enough has its room; the other waits on what every channel has.
      const most = isKnown ? 17 * KIB : MAX_WHOLE + 90 * KIB;
      expect(session.stats().receivedBytes).toBeLessThan(most);
      const [message] = await tellings<ServerIncoming>(session).take(1);
      expect(await readAll((message as ServerIncoming).stream())).toHaveLength(2 * MIB);
      await delivered;
    },
  );

  test.each(kinds)(
    'of a length that is %s, is refused when the listener that comes wants it whole',
    async (_name, _isKnown, make) => {
      const { url, sessions } = await startServer(limits);
      const socket = openSocket(url);
      const session = await sessions.next();
      const transfer = socket.send(make(2 * MIB));
      const next = socket.send('next');
      await expect.poll(() => session.stats().receivedBytes).toBeGreaterThan(16_000);
      const got = new Inbox<number>();
      session.on('message', ({ data }) => {
        got.push(lengthOf(data));
      });
      await expect(transfer.delivered).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_BIG', limitBytes: MAX_WHOLE });
      expect(await got.next()).toBe(4);
      await next.delivered;
    },
  );
});

describe('maxStreamBytes', () => {
  test('fails what is known to be over it before it is begun', async () => {
    const { url, sessions } = await startServer(limits);
    const socket = openSocket(url);
    const session = await sessions.next();
    await socket.send('up').delivered;
    const before = session.stats().receivedBytes;
    const transfer = socket.send(new Blob([patternBytes(MAX_STREAM + 1)]));
    await expect(transfer.delivered).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_BIG',
      sizeBytes: MAX_STREAM + 1,
      limitBytes: MAX_STREAM,
    });
    await socket.send('after').delivered;
    expect(session.stats().receivedBytes - before).toBeLessThan(100);
  });

  test('fails what grows over it at the sender, and its stream with it', async () => {
    const { url, sessions } = await startServer({ ...limits, maxStreamBytes: 2 * MIB });
    const socket = openSocket(url);
    const told = tellings<ServerIncoming>(await sessions.next());
    const transfer = socket.send(parts(5 * MIB));
    const message = await told.next();
    await expect(readAll(message.stream())).rejects.toMatchObject({
      code: expect.stringMatching('BIG|CANCELLED') as string,
    });
    await expect(transfer.delivered).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_BIG',
      sizeBytes: undefined,
      limitBytes: 2 * MIB,
    });
    expect(message.receivedBytes).toBeLessThanOrEqual(2 * MIB);
  });
});
