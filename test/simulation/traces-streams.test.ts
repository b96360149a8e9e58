import { describe, expect, it } from 'vitest';
import type { Priority } from '../../src/session/mux/outgoing-message.ts';
import { PairReader, flow } from '../support/sim/pair-reader.ts';
import { Pair } from '../support/sim/pair.ts';
import { PatternSource } from '../support/sim/pattern-source.ts';
import { StreamSource } from '../support/sim/stream-source.ts';

const KIB = 1024;
const MIB = KIB * KIB;

/** What is taken whole is small, what is taken as it comes may be anything. */
const TIGHT = { maxWholeBytes: 90 * KIB, terms: { poolBytes: 100 * KIB } };

const isUnread = ({ channel }: { channel: { name: string } }): boolean => channel.name.startsWith('unread');

/** Lets time pass on a path that carries whatever there is, with an application that looks at once at what comes. */
function run(pair: Pair, reader: PairReader, ms: number): void {
  flow(pair, ms, Infinity, () => {
    reader.pump();
  });
}

/** The same until so many messages are taken, or for so long. */
function drain(pair: Pair, reader: PairReader, count: number, ms = 4000): void {
  for (let i = 0; i < ms && reader.done.length < count; i++) run(pair, reader, 1);
}

describe('traces of streams', () => {
  describe('S1: a reader that never reads holds up its channel alone', () => {
    const small = { maxWholeBytes: 640 * KIB, terms: { poolBytes: 648 * KIB } };

    it.each([
      ['known', 'stream', 'a small', small],
      ['known', 'nothing', 'a small', small],
      ['unknown', 'stream', 'a small', small],
      ['unknown', 'nothing', 'a small', small],
      ['known', 'stream', 'the usual', {}],
      ['unknown', 'nothing', 'the usual', {}],
    ] as const)('where the length is %s, the use is %s, and %s pool', (length, use, _, acceptor) => {
      const pair = new Pair({ acceptor }).connect();
      const reader = new PairReader(pair, 'acceptor', (message) => {
        if (!isUnread(message)) return message.channel.name.startsWith('file') ? 'collect' : 'stream';
        if (use === 'stream') pair.acceptor.stream(message);
        return 'nothing';
      });
      for (let i = 0; i < 20; i++) {
        const source = new PatternSource(600 * KIB, length === 'known');
        pair.send('initiator', 0, { source, channel: `unread ${i}`, priority: 'high' });
      }
      for (let i = 0; i < 20; i++) pair.send('initiator', 0, { source: pattern(10 * KIB), channel: 'unread tail' });
      run(pair, reader, 50);
      for (let i = 0; i < 5; i++) {
        pair.send('initiator', 0, { source: pattern(500 * KIB), channel: `file ${i}` });
        pair.send('initiator', 0, { source: pattern(MIB), channel: 'stream' });
        pair.send('initiator', 0, { source: pattern(100), channel: '' });
      }
      drain(pair, reader, 15);
      expect([reader.done.length, reader.isIntact]).toEqual([15, true]);
      expect(reader.done.some((name) => name.startsWith('unread'))).toBe(false);
      for (const { channel, message } of reader.takings) {
        if (!channel.startsWith('unread')) continue;
        const { limitBytes, aheadBytes, handedBytes } = message.channel;
        expect([limitBytes, aheadBytes, handedBytes]).toEqual([16 * KIB, 0, 0]);
      }
      expect(pair.acceptor.receiver.heldBytes).toBeLessThanOrEqual(21 * 16 * KIB);
    });

    it('and once it gives up, by refusing what it has not read, its channel goes on', () => {
      const pair = new Pair({ acceptor: TIGHT }).connect();
      const first = pair.send('initiator', 0, { source: pattern(MIB), channel: 'unread' });
      const second = pair.send('initiator', 0, { source: pattern(MIB), channel: 'unread' });
      const reader = new PairReader(pair, 'acceptor', (message) => (message.ordinal === 0 ? 'nothing' : 'stream'));
      run(pair, reader, 100);
      expect(reader.takings).toHaveLength(1);
      pair.acceptor.receiver.reject(reader.taking('unread').message, 'nobody reads it');
      drain(pair, reader, 1);
      pair.run(30);
      expect(pair.failureOf('initiator', first)).toBe('ERR_REJECTED');
      expect(pair.isDelivered('initiator', second)).toBe(true);
      expect([reader.done, reader.isIntact]).toEqual([['unread'], true]);
    });

    it('of a number that is idle, too: a channel that waits for a number gets another one', () => {
      const pair = new Pair({ acceptor: { terms: { maxOpenChannels: 4 } } }).connect();
      const reader = new PairReader(pair, 'acceptor', (message) => (isUnread(message) ? 'nothing' : 'stream'));
      const send = (channel: string): void => {
        pair.send('initiator', 0, { source: pattern(100), channel });
        run(pair, reader, 30);
      };
      // The one that is never taken back is the first to be given up, as long as nobody knows; and it gets no second.
      for (let i = 0; i < 30; i++) {
        send('unread');
        for (const name of ['a', 'b', 'c']) send(`${name}${i}`);
      }
      expect(reader.done).toHaveLength(90);
      pair.acceptor.receiver.reject(reader.taking('unread').message, '');
      for (let i = 0; i < 50; i++) {
        for (const { message } of reader.takings)
          if (message.use === 'open') pair.acceptor.receiver.reject(message, '');
        pair.run(30);
        reader.pump();
      }
      expect(reader.takings.filter(({ channel }) => channel === 'unread')).toHaveLength(30);
      expect(pair.initiator.bufferedBytes).toBe(0);
    });
  });

  it('S2: forty messages each larger than the pool come one after another, of known and unknown length', () => {
    const pair = new Pair({ acceptor: TIGHT, initiator: TIGHT }).connect();
    const up = new PairReader(pair, 'acceptor');
    const down = new PairReader(pair, 'initiator');
    for (let i = 0; i < 40; i++) {
      pair.send('initiator', 0, { source: new PatternSource(2 * MIB + i, i % 2 === 0) });
      pair.send('acceptor', 0, { source: new PatternSource(150 * KIB + i, i % 3 === 0) });
    }
    let mostHeld = 0;
    for (let i = 0; i < 8000 && pair.initiator.bufferedBytes + pair.acceptor.bufferedBytes > 0; i++) {
      flow(pair, 1, Infinity, () => {
        mostHeld = Math.max(mostHeld, pair.acceptor.receiver.heldBytes, pair.initiator.receiver.heldBytes);
        // Now and then one of them is busy with something else.
        if (i % 7 !== 0) up.pump();
        if (i % 5 !== 0) down.pump();
      });
    }
    expect([up.done.length, down.done.length, up.isIntact, down.isIntact]).toEqual([40, 40, true, true]);
    expect(up.takings.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 40 }, (_, i) => 2 * MIB + i));
    expect(pair.seen('initiator', 'delivered')).toHaveLength(40);
    expect(mostHeld).toBeLessThanOrEqual(100 * KIB + 16 * KIB);
  });

  it('S3: two streams without an end leave room to large messages taken whole, and end when they end', () => {
    const terms = { poolBytes: 648 * KIB };
    const pair = new Pair({ acceptor: { terms, maxWholeBytes: 640 * KIB } }).connect();
    const reader = new PairReader(pair, 'acceptor', ({ channel }) =>
      channel.name.startsWith('file') ? 'collect' : 'stream',
    );
    const lives = ['live 1', 'live 2'].map((channel) => {
      const source = new PatternSource(64 * MIB, false);
      return pair.send('initiator', 0, { source, channel, priority: 'high' });
    });
    for (let i = 0; i < 8; i++) {
      const source = new PatternSource(600 * KIB, i % 2 === 0);
      pair.send('initiator', 0, { source, channel: `file ${i}`, priority: 'low' });
    }
    let files = 0;
    for (let i = 0; i < 4000 && files < 8; i++) {
      flow(pair, 1, 16 * KIB, () => {
        reader.pump();
      });
      files = reader.done.length;
    }
    expect([files, reader.isIntact]).toEqual([8, true]);
    expect(lives.map(({ state }) => state)).toEqual(['started', 'started']);
    // Two windows of credit in each ms.
    drain(pair, reader, 10, 10_000);
    run(pair, reader, 30);
    expect(reader.done.slice(8).sort()).toEqual(['live 1', 'live 2']);
    expect([reader.isIntact, pair.initiator.bufferedBytes]).toEqual([true, 0]);
  });

  describe('S4: while all of them have more than the path carries', () => {
    const priorities: readonly Priority[] = ['high', 'auto', 'low'];

    it.each(['stream', 'collect'] as const)('priorities share it by 16, 4 and 1 (%s)', (use) => {
      const pair = new Pair().connect();
      const reader = new PairReader(pair, 'acceptor', () => use);
      for (const priority of priorities) {
        pair.send('initiator', 0, { source: pattern(20 * MIB), channel: priority, priority });
      }
      const came = (): number[] => priorities.map((channel) => reader.taking(channel).message.bytes);
      const pass = (ms: number): void => {
        flow(pair, ms, 4 * KIB, () => {
          reader.pump();
        });
      };
      pass(500);
      const before = came();
      pass(4000);
      const [high = 0, auto = 0, low = 1] = came().map((bytes, i) => bytes - (before[i] ?? 0));
      expect(high / low).toBeCloseTo(16, 0);
      expect(auto / low).toBeCloseTo(4, 0);
      expect(high + auto + low).toBeGreaterThan(4000 * 4 * KIB * 0.95);
    });
  });

  it('S5: who reads a byte a millisecond, part by part, is sent no more than one part ahead', () => {
    const pair = new Pair().connect();
    const reader = new PairReader(pair, 'acceptor', (message) => {
      pair.acceptor.stream(message);
      return 'nothing';
    });
    const sent = pair.send('initiator', 0, { source: pattern(10 * MIB) });
    run(pair, reader, 5);
    const taking = reader.taking('');
    let heldBytes = 0;
    let pauseMs = 0;
    for (let i = 0; i < 60_000; i++) {
      pair.run(1);
      heldBytes = Math.max(heldBytes, pair.acceptor.receiver.heldBytes);
      if (--pauseMs < 0) pauseMs = reader.readPart(taking);
    }
    expect(taking.bytes).toBeGreaterThan(60_000 - 32 * KIB);
    expect(taking.bytes).toBeLessThan(60_000 + 32 * KIB);
    expect(heldBytes).toBeLessThanOrEqual(32 * KIB);
    expect(sent.writtenBytes).toBeLessThanOrEqual(taking.bytes + 32 * KIB);
    expect(taking.message.channel.aheadBytes).toBeLessThanOrEqual(16 * KIB);
    // Who reads quickly from here on is sent more at a time.
    for (let i = 0; i < 2000 && taking.bytes < 10 * MIB; i++) {
      while (reader.readPart(taking) > 0);
      pair.run(2);
    }
    expect([taking.bytes, reader.isIntact, taking.isDone]).toEqual([10 * MIB, true, true]);
    expect(taking.message.channel.aheadBytes).toBeGreaterThan(64 * KIB);
  });

  describe('S6: a connection that is cut in the middle of a message that is read', () => {
    const sizeBytes = 3 * MIB;

    it.each([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])('is resumed there, at %i percent of it', (percent) => {
      const pair = new Pair({ acceptor: TIGHT }).connect();
      const reader = new PairReader(pair, 'acceptor');
      const sent = pair.send('initiator', 0, { source: new PatternSource(sizeBytes, percent % 20 === 0) });
      const next = pair.send('initiator', 0, { source: pattern(1000) });
      while (sent.writtenBytes < (sizeBytes * percent) / 100) {
        pair.write('initiator');
        // Some of what is under way is lost, and some of what came is not acknowledged.
        if (sent.writtenBytes >= (sizeBytes * percent) / 100) break;
        pair.deliver('initiator');
        reader.pump();
        pair.write('acceptor');
        pair.deliver('acceptor');
        pair.nowMs++;
      }
      pair.deliver('initiator', 1);
      reader.pump();
      pair.cut();
      pair.connect();
      drain(pair, reader, 2);
      pair.run(30);
      expect([reader.takings.map(({ bytes }) => bytes), reader.isIntact]).toEqual([[sizeBytes, 1000], true]);
      expect([pair.isDelivered('initiator', sent), pair.isDelivered('initiator', next)]).toEqual([true, true]);
      expect(pair.initiator.link.counters.resentBytes).toBeLessThan(200 * KIB);
    });

    it('is in doubt when the session is lost with it, unless all of it had come', () => {
      const pair = new Pair({ acceptor: TIGHT }).connect();
      const reader = new PairReader(pair, 'acceptor');
      const sent = pair.send('initiator', 0, { source: new PatternSource(sizeBytes, true) });
      pair.run(5);
      reader.pump();
      const { message } = reader.taking('');
      pair.acceptor.end();
      pair.collect();
      expect(message.end).toEqual({ reason: 'the session is over' });
      expect(pair.seen('acceptor', 'incoming').at(-1)?.incoming).toBe(message);
      expect(pair.initiator.end()).toEqual([sent]);
      expect(sent.init.source.restart()).toBe(false);
    });
  });

  it('S7: a stream of 1 GiB that is refused gives back what its channel had, and the channel goes on', () => {
    const pair = new Pair({ acceptor: TIGHT }).connect();
    const reader = new PairReader(pair, 'acceptor', ({ head }) => (head.total === 1 << 30 ? 'nothing' : 'stream'));
    for (const readBytes of [0, 1, 300 * KIB]) {
      const sent = pair.send('initiator', 0, { source: pattern(1 << 30), channel: 'a' });
      const next = pair.send('initiator', 0, { source: pattern(MIB), channel: 'a' });
      pair.run(20);
      reader.pump();
      const taking = reader.taking('a');
      pair.acceptor.stream(taking.message);
      for (let i = 0; i < 500 && taking.bytes < readBytes; i++) {
        reader.readPart(taking);
        pair.run(1);
      }
      pair.acceptor.receiver.reject(taking.message, 'enough');
      taking.isDone = true;
      const { length } = reader.done;
      drain(pair, reader, length + 1);
      pair.run(30);
      expect(pair.failureOf('initiator', sent)).toBe('ERR_REJECTED');
      expect(pair.isDelivered('initiator', next)).toBe(true);
      expect([reader.taking('a').bytes, reader.isIntact]).toEqual([MIB, true]);
      expect(sent.init.source).toMatchObject({ isReleased: true });
    }
    expect(pair.acceptor.receiver.heldBytes).toBe(0);
    expect(pair.initiator.bufferedBytes).toBe(0);
  });

  it.each(['before anything of it is read', 'while it is read', 'when it was refused'])(
    'S8: a message that declared 2^50 bytes is given up %s, and its channel goes on',
    (when) => {
      const pair = new Pair({ acceptor: TIGHT }).connect();
      const reader = new PairReader(pair, 'acceptor', ({ head }) => (head.total === 2 ** 50 ? 'nothing' : 'stream'));
      for (let i = 0; i < 4; i++) {
        const source = new StreamSource(2 ** 50);
        const sent = pair.send('initiator', 0, { source, channel: 'a' });
        source.push(new Uint8Array(40 * KIB));
        pair.run(30);
        reader.pump();
        const { message } = reader.taking('a');
        if (when === 'while it is read') {
          pair.acceptor.stream(message);
          pair.acceptor.receiver.read(message);
        } else if (when === 'when it was refused') {
          pair.acceptor.receiver.reject(message, '');
        }
        pair.abort('initiator', sent);
        const next = pair.send('initiator', 0, { source: pattern(200 * KIB), channel: 'a' });
        drain(pair, reader, i + 1);
        pair.run(30);
        expect(pair.isDelivered('initiator', next)).toBe(true);
        expect(message.end ?? message.use).toEqual(
          when === 'when it was refused'
            ? 'dropped'
            : { type: 'cancel', channel: 1, ordinal: 2 * i, code: 0, reason: '' },
        );
      }
      expect([reader.done.length, reader.isIntact, pair.acceptor.receiver.heldBytes]).toEqual([4, true, 0]);
    },
  );
});

function pattern(sizeBytes: number): PatternSource {
  return new PatternSource(sizeBytes, true);
}
