import { describe, expect, it } from 'vitest';
import { encodeControl } from '../../src/protocol/frame-encoder.ts';
import type { ControlFrame } from '../../src/protocol/frame.ts';
import { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import { inject } from '../support/sim/inject.ts';
import { Pair } from '../support/sim/pair.ts';
import { StreamSource } from '../support/sim/stream-source.ts';

const MIB = 1 << 20;

/** Runs and reads on the acceptor's side until nothing is buffered, or for so many rounds. */
function drain(pair: Pair, rounds = 400): number {
  let count = 0;
  for (let i = 0; i < rounds && pair.initiator.bufferedBytes > 0; i++) {
    pair.run(2);
    count += pair.read('acceptor').length;
  }
  return count;
}

describe('traces of the mux', () => {
  describe('M1: big messages and the pool', () => {
    const terms = { maxMessageBytes: 640 * 1024, poolBytes: 640 * 1024 + 8192 };

    it('two messages that do not fit the pool together are admitted one after the other', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      pair.send('initiator', 400 * 1024, { channel: 'a' });
      pair.send('initiator', 400 * 1024, { channel: 'b' });
      pair.send('initiator', 600 * 1024, { channel: 'c' });
      expect(drain(pair)).toBe(3);
      expect(pair.initiator.bufferedBytes).toBe(0);
    });

    it('nor do the first bytes of many channels hold each other up', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      for (let i = 0; i < 63; i++) pair.send('initiator', 640 * 1024, { channel: `channel ${i}` });
      expect(drain(pair, 2000)).toBe(63);
    });

    it('a live stream of unknown length leaves room to messages of known length', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      const live = new StreamSource();
      pair.send('initiator', 0, { source: live, channel: 'live' });
      live.push(new Uint8Array(100_000));
      pair.run(20);
      for (let i = 0; i < 5; i++) pair.send('initiator', 500 * 1024, { channel: `file ${i}` });
      let files = 0;
      for (let i = 0; i < 200; i++) {
        live.push(new Uint8Array(100));
        pair.run(2);
        files += pair.read('acceptor').length;
      }
      expect(files).toBe(5);
      live.end();
      pair.run(20);
      expect(pair.read('acceptor').map(({ data }) => data.length)).toEqual([120_000]);
    });

    it('two live streams take turns, and both end', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      const sources = ['x', 'y', 'z'].map((channel) => {
        const source = new StreamSource();
        pair.send('initiator', 0, { source, channel });
        source.push(new Uint8Array(300_000));
        source.end();
        return source;
      });
      let count = 0;
      for (let i = 0; i < 200; i++) {
        pair.run(2);
        count += pair.read('acceptor').length;
      }
      expect(count).toBe(3);
      expect(sources.every(({ isReleased }) => isReleased)).toBe(true);
    });

    it('a message that was admitted and given up leaves nothing of the pool with its channel', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      for (let i = 0; i < 5; i++) {
        const source = new StreamSource(640 * 1024);
        const message = pair.send('initiator', 0, { source, channel: `given up ${i}` });
        source.push(new Uint8Array(100_000));
        pair.run(30);
        expect([message.state, message.ackedBytes]).toEqual(['started', 100_000]);
        pair.abort('initiator', message);
        pair.run(30);
      }
      pair.send('initiator', 640 * 1024, { channel: 'another' });
      expect(drain(pair)).toBe(1);
    });

    it('streams that ended early leave room for the largest message', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      for (let i = 0; i < 60; i++) {
        const source = new StreamSource();
        pair.send('initiator', 0, { source, channel: `stream ${i}` });
        source.push(new Uint8Array(100_000));
        pair.run(5);
        if (i % 2 === 0) source.end();
        else source.fail(new Error('no more'));
        drain(pair);
      }
      pair.send('initiator', 640 * 1024, { channel: 'another' });
      expect(drain(pair)).toBe(1);
    });

    it('a message may always start and send up to the initial credit once the one before it was taken', () => {
      const pair = new Pair({ acceptor: { terms } }).connect();
      for (let i = 0; i < 200; i++) {
        pair.send('initiator', 8000, { meta: { text: 'm'.repeat(2000) } });
        pair.run(1);
        pair.read('acceptor');
        pair.run(25);
        expect(pair.initiator.bufferedBytes).toBe(0);
      }
    });
  });

  it('M2: whoever does not read stalls what is unread, and leaves room for small messages of other channels', () => {
    const pair = new Pair().connect();
    for (let i = 0; i < 100; i++) pair.send('initiator', 100_000, { channel: 'slow' });
    pair.run(500);
    // One message that came before it was known that nobody reads, and what fits the initial credit.
    expect(pair.acceptor.link.received).toBeLessThan(150_000);
    const small = pair.send('initiator', 1000, { channel: 'quick' });
    const big = pair.send('initiator', 1_000_000, { channel: 'big' });
    pair.run(500);
    expect(pair.isDelivered('initiator', small)).toBe(true);
    expect(pair.isDelivered('initiator', big)).toBe(true);
    expect(drain(pair)).toBe(102);
  });

  describe('M3: a channel for each upload', () => {
    it('numbers rise, are given back, and nothing piles up', () => {
      const pair = new Pair({ acceptor: { terms: { maxOpenChannels: 4 } } }).connect();
      const numbers: number[] = [];
      for (let i = 0; i < 500; i++) {
        const message = pair.send('initiator', 10, { channel: `upload ${i}` });
        pair.run(2);
        pair.read('acceptor');
        pair.run(2);
        numbers.push(message.channelNumber);
      }
      pair.run(30);
      expect(numbers).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
      expect(pair.initiator.bufferedBytes).toBe(0);
    });

    it('a name that is used again takes a new number, and its messages stay in order', () => {
      const pair = new Pair({ acceptor: { terms: { maxOpenChannels: 2 } } }).connect();
      const names = ['a', 'b', 'a', 'c', 'b', 'a', 'a', 'c', 'b', 'b'];
      names.forEach((channel, i) => pair.send('initiator', `${channel}${i}`, { channel }));
      const got: unknown[] = [];
      for (let i = 0; i < 100; i++) {
        pair.run(2);
        got.push(...pair.read('acceptor').map(({ data }) => data));
      }
      for (const channel of ['a', 'b', 'c']) {
        const sent = names.flatMap((name, i) => (name === channel ? `${name}${i}` : []));
        expect(got.filter((data) => String(data).startsWith(channel))).toEqual(sent);
      }
    });

    it('CREDIT and REJECT for a retired number are ignored, for one never opened they are violations', () => {
      const pair = new Pair({ acceptor: { terms: { maxOpenChannels: 2 } } }).connect();
      pair.send('initiator', 10, { channel: 'a' });
      pair.send('initiator', 10, { channel: 'b' });
      for (let i = 0; i < 10; i++) {
        pair.run(2);
        pair.read('acceptor');
      }
      const late: ControlFrame[] = [
        { type: 'credit', channel: 1, limit: 1 << 30 },
        { type: 'reject', channel: 1, ordinal: 0, code: 0, value: 0, reason: 'late' },
        { type: 'retired', channel: 1 },
      ];
      for (const frame of late) inject(pair, 'initiator', encodeControl(frame));
      expect(pair.seen('initiator', 'violation')).toHaveLength(0);
      inject(pair, 'initiator', encodeControl({ type: 'credit', channel: 3, limit: 1 << 30 }));
      expect(pair.seen('initiator', 'violation')).toEqual([{ kind: 'violation', name: 'unknown-channel' }]);
    });

    it('a channel that is always busy gives its number to one that waits', () => {
      const pair = new Pair({ acceptor: { terms: { maxOpenChannels: 2 } } }).connect();
      for (let i = 0; i < 20; i++) pair.send('initiator', 10_000, { channel: 'busy' });
      const other = pair.send('initiator', 10, { channel: 'other' });
      let rounds = 0;
      while (!pair.isDelivered('initiator', other)) {
        // There is always more.
        pair.send('initiator', 10_000, { channel: 'busy' });
        pair.run(2);
        pair.read('acceptor');
        expect(++rounds).toBeLessThan(100);
      }
    });
  });

  it('M4: REJECT names a message, and the next one on the channel is not hit', () => {
    const pair = new Pair({ acceptor: { terms: { maxMessageBytes: 10_000 } } });
    const hello = pair.hello();
    pair.initiator.attached({ ...pair.welcome(hello), maxMessageBytes: MIB }, 0);
    const source = new StreamSource();
    const refused = pair.send('initiator', 0, { source });
    const next = pair.send('initiator', 'next');
    for (let i = 0; i < 6; i++) {
      source.push(new Uint8Array(4000));
      pair.run(30);
    }
    expect(pair.failureOf('initiator', refused)).toBe('ERR_MESSAGE_TOO_BIG');
    pair.run(50);
    expect(pair.isDelivered('initiator', next)).toBe(true);
    expect(pair.read('acceptor').map(({ data }) => data)).toEqual(['next']);
    expect(pair.initiator.bufferedBytes).toBe(0);
    // What was thrown away gave its credit back.
    for (let i = 0; i < 10; i++) {
      pair.send('initiator', 9000);
      pair.run(30);
      pair.read('acceptor');
    }
    expect(pair.initiator.bufferedBytes).toBe(0);
  });

  it('M5: after a lost session the count settles what it covers, and the rest has an identity and a mark', () => {
    const pair = new Pair().connect();
    const first = pair.send('initiator', 1000, { channel: 'a' });
    pair.write('initiator');
    const received = pair.initiator.link.streamEnd;
    const second = pair.send('initiator', 200_000, { channel: 'a' });
    pair.write('initiator');
    const third = pair.send('initiator', 10, { channel: 'a' });
    pair.initiator.settleLast(received);
    const left = pair.initiator.end();
    pair.collect();
    expect(pair.isDelivered('initiator', first)).toBe(true);
    expect(left).toEqual([second, third]);
    expect([second.channelNumber, second.ordinal, second.state]).toEqual([1, 1, 'started']);
    expect([third.channelNumber, third.state]).toEqual([-1, 'queued']);
    // A count that comes after the end settles nothing twice.
    pair.initiator.settleLast(1e9);
    pair.collect();
    expect(pair.seen('initiator', 'delivered')).toHaveLength(1);
    expect([pair.initiator.bufferedBytes, pair.initiator.heldBytes]).toEqual([0, 0]);

    const next = new Pair().connect();
    second.init.source.restart();
    const again = new OutgoingMessage(second.init);
    const session = pair.initiator.id;
    again.origin = { mark: 'partial', channel: second.channelNumber, ordinal: second.ordinal, session };
    next.initiator.send(again);
    next.run(100);
    expect(next.read('acceptor')).toMatchObject([
      { channel: 'a', origin: { mark: 'partial', channel: 1, ordinal: 1, session } },
    ]);
  });

  describe('M6: CLOSE', () => {
    it('while the other side streams: it fails what it has not started, finishes what it has, and closes', () => {
      const pair = new Pair().connect();
      const big = pair.send('acceptor', 3_000_000);
      pair.write('acceptor');
      const waiting = pair.send('acceptor', 10);
      pair.initiator.close(3000, 'enough', 30_000, pair.nowMs);
      for (let i = 0; i < 100; i++) {
        pair.run(10);
        pair.read('initiator');
      }
      expect(pair.seen('acceptor', 'peer-close')).toEqual([{ kind: 'peer-close', code: 3000, reason: 'enough' }]);
      expect(pair.failureOf('acceptor', waiting)).toBe('ERR_CLOSED');
      expect(pair.isDelivered('acceptor', big)).toBe(true);
      expect(pair.seen('acceptor', 'finished')).toHaveLength(1);
      expect(pair.seen('initiator', 'finished')).toHaveLength(1);
      expect([pair.initiator.end(), pair.acceptor.end()]).toEqual([[], []]);
    });

    it('what is not finished in the time that CLOSE gives is cancelled', () => {
      const pair = new Pair().connect();
      const source = new StreamSource();
      const live = pair.send('acceptor', 0, { source });
      source.push(new Uint8Array(100));
      pair.run();
      pair.initiator.close(1000, '', 4000, pair.nowMs);
      pair.run(3500, 10);
      expect(pair.failureOf('acceptor', live)).toBe('ERR_CLOSED');
      expect(pair.seen('acceptor', 'finished')).toHaveLength(1);
      expect(pair.seen('initiator', 'drain-timeout')).toHaveLength(0);
      expect(pair.acceptor.bufferedBytes).toBe(0);
    });

    it('nobody is told that all is over before the other side has the last acknowledgement', () => {
      const pair = new Pair().connect();
      const message = pair.send('initiator', 10);
      pair.initiator.close(1000, '', 1000, pair.nowMs);
      pair.acceptor.close(1000, '', 1000, pair.nowMs);
      for (let i = 0; i < 50 && pair.seen('acceptor', 'finished').length === 0; i++) {
        pair.nowMs += 1;
        pair.tick();
        pair.deliver('acceptor');
        pair.write('initiator');
        pair.deliver('initiator');
        pair.write('acceptor');
      }
      // The acceptor hangs up now: what it has written is all that the initiator gets.
      pair.deliver('acceptor');
      expect(pair.seen('acceptor', 'finished')).toHaveLength(1);
      expect(pair.isDelivered('initiator', message)).toBe(true);
      expect(pair.initiator.state).toMatchObject({ kind: 'closing', isFinished: true });
    });

    it('the last ACK is cut: the initiator learns the rest by the next WELCOME or its count', () => {
      const pair = new Pair().connect();
      const message = pair.send('initiator', 10);
      pair.initiator.close(1000, '', 10_000, pair.nowMs);
      pair.write('initiator');
      pair.deliver('initiator');
      pair.cut();
      pair.connect().run(100);
      expect(pair.isDelivered('initiator', message)).toBe(true);
      expect(pair.seen('initiator', 'finished')).toHaveLength(1);
      expect(pair.seen('acceptor', 'finished')).toHaveLength(1);
    });

    it('is not over before our last count went out, although all of ours is acknowledged', () => {
      const pair = new Pair().connect();
      const message = pair.send('initiator', 20_000);
      pair.write('initiator');
      pair.deliver('initiator');
      pair.acceptor.close(1000, '', 10_000, pair.nowMs);
      pair.write('acceptor');
      pair.deliver('acceptor');
      // The rest, CLOSE, and the acknowledgement of everything in one.
      pair.write('initiator');
      pair.deliver('initiator');
      expect(pair.seen('acceptor', 'finished')).toHaveLength(0);
      pair.write('acceptor');
      pair.nowMs += 20;
      pair.tick();
      pair.write('acceptor');
      expect(pair.seen('acceptor', 'finished')).toHaveLength(1);
      pair.deliver('acceptor');
      expect(pair.isDelivered('initiator', message)).toBe(true);
    });

    it('is not over while a count that is known may not settle anything yet', () => {
      const pair = new Pair().connect();
      const message = pair.send('acceptor', 10_000);
      pair.initiator.close(1000, '', 10_000, pair.nowMs);
      pair.write('initiator');
      pair.write('acceptor');
      pair.deliver('initiator');
      pair.write('acceptor');
      pair.deliver('acceptor');
      // Reading makes a CREDIT that is not written: HELLO states it as a part of the stream.
      expect(pair.read('initiator')).toHaveLength(1);
      pair.cut();
      pair.connect();
      expect(pair.acceptor.link.acked).toBe(pair.acceptor.link.streamEnd);
      expect(pair.effects.acceptor.map(({ kind }) => kind)).toEqual(['peer-close']);
      pair.run();
      expect(pair.isDelivered('acceptor', message)).toBe(true);
      expect(pair.effects.acceptor.at(-1)).toEqual({ kind: 'finished' });
      expect(pair.acceptor.end()).toEqual([]);
    });

    it('comes to an end with messages that nobody read, and when both close at once', () => {
      const pair = new Pair().connect();
      for (let i = 0; i < 3; i++) pair.send('initiator', 5000);
      for (let i = 0; i < 3; i++) pair.send('acceptor', 5000);
      pair.run(0);
      pair.initiator.close(1000, 'a', 5000, pair.nowMs);
      pair.acceptor.close(1000, 'b', 5000, pair.nowMs);
      pair.run(100);
      for (const side of ['initiator', 'acceptor'] as const) {
        expect(pair.seen(side, 'finished')).toHaveLength(1);
        expect(pair.read(side)).toHaveLength(3);
      }
    });

    it('waits no longer than it was told, and says so once', () => {
      const pair = new Pair().connect();
      const blocked = pair.send('initiator', 1_000_000);
      pair.send('initiator', 10);
      pair.initiator.close(1000, '', 2000, pair.nowMs);
      expect(pair.initiator.deadlineMs).toBeLessThanOrEqual(2000);
      pair.cut();
      pair.run(60_000, 100);
      expect(pair.seen('initiator', 'drain-timeout')).toHaveLength(1);
      expect(pair.initiator.deadlineMs).toBe(Infinity);
      expect(pair.initiator.end()).toContain(blocked);
    });

    it('is not said any more once the time for it is over', () => {
      const pair = new Pair().connect();
      pair.initiator.close(1000, '', 0, pair.nowMs);
      pair.run();
      expect(pair.seen('initiator', 'drain-timeout')).toHaveLength(1);
      expect(pair.seen('acceptor', 'peer-close')).toHaveLength(0);
    });

    it('takes nothing after itself', () => {
      const pair = new Pair().connect();
      pair.initiator.close(1000, 'over', 2000, pair.nowMs);
      const late = pair.send('initiator', 10);
      expect(pair.failureOf('initiator', late)).toBe('ERR_CLOSED');
      pair.acceptor.close(1000, '', 2000, pair.nowMs);
      pair.acceptor.goAway(1000);
      pair.run(100);
      expect(pair.seen('initiator', 'goaway')).toHaveLength(0);
      expect(pair.seen('initiator', 'violation')).toHaveLength(0);
      expect(pair.seen('initiator', 'finished')).toHaveLength(1);
    });
  });

  it('M7: GOAWAY tells the deadline, and what is under way is finished', () => {
    const pair = new Pair().connect();
    const big = pair.send('initiator', 2_000_000);
    pair.write('initiator');
    const waiting = pair.send('initiator', 10);
    pair.acceptor.goAway(60_000);
    pair.write('acceptor');
    pair.deliver('acceptor');
    expect(pair.seen('initiator', 'goaway')).toEqual([{ kind: 'goaway', deadlineMs: 60_000 }]);
    expect(pair.initiator.withdraw()).toEqual([waiting]);
    pair.initiator.close(1001, '', 60_000, pair.nowMs);
    drain(pair);
    pair.run(100);
    expect(pair.isDelivered('initiator', big)).toBe(true);
    expect(pair.seen('acceptor', 'finished')).toHaveLength(1);
    expect(waiting.init.source.readyBytes).toBe(10);
  });
});
