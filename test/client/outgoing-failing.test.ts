import { describe, expect, test } from 'vitest';
import { bufferBytes } from '../support/collect-garbage.ts';
import { settle } from '../support/manual-clock.ts';
import { openPair, outcomeOf } from './support.ts';

const MIB = 1024 * 1024;

describe('a stream that fails', () => {
  test.each([0, 2, 4, 6, 8, 10, 12, 14])('harms no message that is sent %i turns later', async (turns) => {
    const { socket, session } = await openPair();
    const texts: unknown[] = [];
    session.on('message', ({ data }) => texts.push(data));
    let fail: () => void = () => undefined;
    const failing = new Promise<void>((resolve) => {
      fail = resolve;
    });
    let note: Promise<unknown> | undefined;
    const sendLater = async (): Promise<void> => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      note = outcomeOf(socket.send('the upload failed', { channel: 'notes' }).delivered);
    };
    async function* source(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1000);
      await failing;
      void sendLater();
      throw new Error('disk');
    }
    const transfer = socket.send(source(), { channel: 'up' });
    await expect.poll(() => transfer.ackedBytes).toBe(1000);
    fail();
    expect(await outcomeOf(transfer.delivered)).toMatchObject({ code: 'ERR_SOURCE' });
    expect(await note).toBe('delivered');
    expect(texts).toEqual(['the upload failed']);
  });
});

describe('what waits for a channel number', () => {
  test('is not read into memory, but for a few', async () => {
    const { socket, session } = await openPair({ server: { maxOpenChannels: 4 } });
    // Nobody reads, so that the numbers stay taken. Each Blob that is read costs its 2 MiB, and what Node reads ahead.
    session.on('incoming', () => undefined);
    let reads = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      reads++;
      yield await Promise.resolve(new Uint8Array(300_000));
    }
    const blob = new Blob([new Uint8Array(4 * MIB)]);
    const before = bufferBytes();
    const transfers = Array.from({ length: 60 }, (_, i) => socket.send(blob, { channel: `blob ${i}` }));
    const streams = Array.from({ length: 60 }, (_, i) => socket.send(source(), { channel: `stream ${i}` }));
    await expect.poll(() => transfers.filter(({ state }) => state === 'sending').length).toBe(3);
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(bufferBytes() - before).toBeLessThan(64 * MIB);
    expect(reads).toBe(0);
    expect(streams.every(({ state }) => state === 'queued')).toBe(true);
  });

  test('all gets its turn, idle streams before it or not', async () => {
    const { socket, session } = await openPair({ server: { maxOpenChannels: 4 } });
    const got = new Set<string>();
    session.on('message', ({ channel }) => {
      got.add(channel);
    });
    const never = new Promise<never>(() => undefined);
    async function* idle(): AsyncGenerator<Uint8Array> {
      yield await never;
    }
    const idles = Array.from({ length: 30 }, (_, i) => socket.send(idle(), { channel: `idle ${i}` }));
    const blob = new Blob([new Uint8Array(100_000)]);
    await Promise.all(Array.from({ length: 40 }, (_, i) => socket.send(blob, { channel: `${i}` }).delivered));
    expect(got.size).toBe(40);
    expect(idles.every(({ state }) => state === 'queued')).toBe(true);
  });
});
