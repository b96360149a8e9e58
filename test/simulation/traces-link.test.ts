import { describe, expect, it } from 'vitest';
import { decodePacket } from '../../src/protocol/packet.ts';
import { streamPacket } from '../support/raw-peer.ts';
import { Pair, reconnectAfter } from '../support/sim/pair.ts';
import { StreamSource } from '../support/sim/stream-source.ts';

interface Stream {
  ackNow: boolean;
  ack: number;
  offset: number;
  sliceBytes: number;
}

/** What a packet says, for those of the stream. */
function parse(packet: Uint8Array): Stream {
  const decoded = decodePacket(packet);
  if (typeof decoded === 'string' || decoded.kind !== 'stream') throw new Error('not a STREAM packet');
  const { ackNow, ack, offset, slice } = decoded;
  return { ackNow, ack, offset, sliceBytes: slice.length };
}

const sizes = (packets: readonly Uint8Array[]): number[] => packets.map((packet) => packet.length);

describe('traces of the link', () => {
  it('L1: both applications wait for delivery before they listen', () => {
    const pair = new Pair().connect();
    const up = pair.send('initiator', 500_000);
    const down = pair.send('acceptor', 500_000);
    pair.run(200);
    expect(pair.isDelivered('initiator', up)).toBe(true);
    expect(pair.isDelivered('acceptor', down)).toBe(true);
    expect(pair.read('acceptor')).toHaveLength(1);
    expect(pair.read('initiator')).toHaveLength(1);
  });

  describe('L2: an ACK overtakes a REJECT that still waits', () => {
    /** The acceptor takes no more than 10,000 bytes, and the initiator does not know. */
    function oversized(): { pair: Pair; reject: () => boolean } {
      const pair = new Pair({ acceptor: { terms: { maxMessageBytes: 10_000 } } });
      const hello = pair.hello();
      pair.initiator.attached({ ...pair.welcome(hello), maxMessageBytes: 1 << 20 }, 0);
      const source = new StreamSource();
      const message = pair.send('initiator', 0, { source });
      source.push(new Uint8Array(9000));
      pair.run();
      source.push(new Uint8Array(3000));
      source.end();
      return { pair, reject: () => pair.failureOf('initiator', message) === 'ERR_MESSAGE_TOO_BIG' };
    }

    it('the count in WELCOME settles nothing before the stream is read to the end it states', () => {
      const { pair, reject } = oversized();
      pair.write('initiator');
      pair.deliver('initiator');
      // REJECT is queued; it is never written on this connection.
      pair.cut();
      const hello = pair.hello();
      const welcome = pair.welcome(hello);
      expect(welcome.received).toBe(pair.initiator.link.streamEnd);
      // A tombstone has no stream to be read first, so that its count must not cover the message.
      expect(pair.acceptor.lastReceived).toBeLessThan(welcome.received);
      expect(welcome.streamEnd).toBeGreaterThan(0);
      pair.initiator.attached(welcome, pair.nowMs);
      pair.collect();
      expect(pair.effects.initiator.map(({ kind }) => kind)).not.toContain('delivered');
      pair.run();
      expect(reject()).toBe(true);
      expect(pair.seen('initiator', 'delivered')).toHaveLength(0);
    });

    it('the same when REJECT was written and lost', () => {
      const { pair, reject } = oversized();
      pair.write('initiator');
      pair.deliver('initiator');
      pair.write('acceptor');
      reconnectAfter(pair, 1006);
      expect(pair.seen('initiator', 'delivered')).toHaveLength(0);
      pair.run();
      expect(reject()).toBe(true);
      expect(pair.seen('initiator', 'delivered')).toHaveLength(0);
    });

    it('no packet announces the refused bytes before the one that ends REJECT', () => {
      const { pair, reject } = oversized();
      pair.write('initiator');
      for (const packet of pair.wire.initiator.splice(0)) {
        pair.acceptor.receive(packet, pair.nowMs);
        pair.tick();
      }
      const [first, ...others] = pair.write('acceptor').map(parse);
      expect(first?.sliceBytes).toBeGreaterThan(0);
      expect(first?.ack).toBeLessThan(pair.initiator.link.streamEnd);
      expect(others.at(-1)?.ack).toBe(pair.initiator.link.streamEnd);
      pair.run();
      expect(reject()).toBe(true);
      expect(pair.initiator.bufferedBytes).toBe(0);
      expect(pair.acceptor.lastReceived).toBe(pair.acceptor.link.received);
    });
  });

  it('L3: early data was written and WELCOME never came: the session is expected from then on', () => {
    const pair = new Pair();
    pair.send('initiator', 100);
    pair.hello();
    expect(pair.initiator.isExpected).toBe(false);
    pair.initiator.openEarly();
    pair.write('initiator');
    pair.cut();
    expect(pair.initiator.isExpected).toBe(true);
    // Having been up is as good a reason: what came of the other stream, a new session would not have.
    const other = new Pair().connect();
    expect(other.initiator.link.streamEnd).toBe(0);
    expect(other.initiator.isExpected).toBe(true);
  });

  describe('L4: early data', () => {
    it('is whole messages of the default channel, 16 KiB in all, in packets of at most 4 KiB, and not sent again', () => {
      const pair = new Pair();
      for (let i = 0; i < 12; i++) pair.send('initiator', 3000);
      pair.send('initiator', 10, { channel: 'other' });
      const hello = pair.hello();
      pair.initiator.openEarly();
      const early = pair.write('initiator');
      expect(Math.max(...sizes(early))).toBeLessThanOrEqual(4096);
      const streamBytes = early.map(parse).reduce((sum, { sliceBytes }) => sum + sliceBytes, 0);
      expect(streamBytes).toBeLessThanOrEqual(16_384);
      expect(streamBytes).toBeGreaterThan(12_000);
      const welcome = pair.welcome(hello);
      pair.deliver('initiator');
      expect(pair.read('acceptor').map(({ channel }) => channel)).toEqual(['', '', '', '', '']);
      pair.initiator.attached(welcome, 0);
      expect(parse(pair.write('initiator')[0] as Uint8Array).offset).toBe(streamBytes);
      pair.run();
      expect(pair.read('acceptor')).toHaveLength(8);
      expect(pair.initiator.link.counters.resentBytes).toBe(0);
    });

    it('that is lost before WELCOME blames no size, whatever the code', () => {
      const pair = new Pair();
      pair.send('initiator', 3000);
      pair.hello();
      pair.initiator.openEarly();
      pair.write('initiator');
      expect(pair.initiator.detached({ code: 1009 })).toBe(false);
      pair.connect().run();
      expect(pair.initiator.link.learner.trail).toEqual([16_384]);
      expect(pair.read('acceptor')).toHaveLength(1);
    });

    it('never has a message that is larger than what is left', () => {
      const pair = new Pair();
      pair.send('initiator', 20_000);
      pair.send('initiator', 20);
      pair.hello();
      pair.initiator.openEarly();
      expect(pair.write('initiator')).toEqual([]);
    });
  });

  it('L6: a packet that the path has lost costs the connection, and not the session', () => {
    const pair = new Pair().connect();
    const messages = [100, 200, 300].map((size) => pair.send('initiator', size));
    const [first] = pair.write('initiator').map((packet) => packet.slice());
    pair.send('initiator', 400);
    const [second] = pair.write('initiator').map((packet) => packet.slice());
    expect(first).toBeDefined();
    // The second comes, and the first does not; it counts once, however often.
    for (let time = 0; time < 3; time++) pair.acceptor.receive(second as Uint8Array, 0);
    pair.collect();
    expect(pair.seen('acceptor', 'stalled')).toHaveLength(1);
    expect(pair.seen('acceptor', 'violation')).toEqual([]);
    expect(pair.acceptor.link.received).toBe(0);
    expect(pair.acceptor.detached({ code: 4908 })).toBe(false);
    pair.initiator.detached({ code: 4908 });
    pair.connect().run();
    expect(pair.read('acceptor').map(({ data }) => (data as Uint8Array).length)).toEqual([100, 200, 300, 400]);
    for (const message of messages) expect(pair.isDelivered('initiator', message)).toBe(true);
  });

  it('L6: a path that loses packets both ways is learned from at the second gap, not at the first', () => {
    const pair = new Pair();
    pair.connect();
    const lost = (): boolean => {
      pair.send('acceptor', 200_000);
      pair.write('acceptor');
      pair.send('initiator', 100);
      pair.send('initiator', 100, { channel: 'b' });
      const end = pair.initiator.link.streamEnd;
      pair.write('initiator');
      pair.acceptor.receive(streamPacket(end + 1, new Uint8Array(1)), 0);
      pair.collect();
      const isWorthIt = pair.acceptor.detached({ code: 4908 });
      pair.initiator.detached({ code: 4908 });
      return isWorthIt;
    };
    expect(lost()).toBe(false);
    pair.connect();
    expect(lost()).toBe(true);
    pair.connect();
    expect(pair.acceptor.link.learner.limit).toBeLessThan(16_384);
  });

  it('L6: packets of an older connection come after the count went out on the next one', () => {
    const pair = new Pair().connect();
    const message = pair.send('initiator', 100);
    const late = pair.write('initiator').map((packet) => packet.slice());
    pair.initiator.detached({ code: 1006 });
    const hello = pair.hello();
    const counts = pair.acceptor.counts();
    for (const packet of late) pair.acceptor.receive(packet, 0);
    pair.acceptor.attached(hello, 0);
    expect(pair.acceptor.link.received).toBe(counts.received);
    pair.initiator.attached({ ...pair.acceptor.terms, ...counts, refused: undefined }, 0);
    pair.run();
    expect(pair.read('acceptor')).toHaveLength(1);
    expect(pair.isDelivered('initiator', message)).toBe(true);
    // On one connection a packet that comes twice is a violation.
    for (const packet of late) pair.acceptor.receive(packet, 0);
    pair.collect();
    expect(pair.seen('acceptor', 'violation').map(({ name }) => name)).toEqual(['offset-mismatch']);
  });

  it('L8: a message acknowledged to 99 % is kept from its first byte until its end is acknowledged', () => {
    const pair = new Pair({ initiator: { maxPacketBytes: 4096 } }).connect();
    const message = pair.send('initiator', 1_000_000);
    for (let i = 0; i < 2000 && message.ackedBytes < 990_000; i++) {
      pair.write('initiator');
      pair.deliver('initiator', 1);
      pair.write('acceptor');
      pair.deliver('acceptor');
    }
    expect(message.ackedBytes).toBeLessThan(1_000_000);
    expect(pair.initiator.heldBytes).toBe(1_000_000);
    expect(pair.initiator.bufferedBytes).toBe(1_000_000 - message.ackedBytes);
    expect(pair.initiator.end()).toEqual([message]);
    expect(message.init.source.restart()).toBe(true);
    expect(message.init.source.readyBytes).toBe(1_000_000);
    expect([pair.initiator.heldBytes, pair.initiator.bufferedBytes]).toEqual([0, 0]);
  });

  describe('L9: ACKs are asked for', () => {
    it('on each quarter of the window and on the packet that fills it', () => {
      const pair = new Pair({ initiator: { startPacketBytes: 4096 } }).connect();
      pair.send('initiator', 15_000, { channel: 'a' });
      pair.send('initiator', 15_000, { channel: 'b' });
      pair.send('initiator', 15_000, { channel: 'c' });
      pair.send('initiator', 15_000, { channel: 'd' });
      pair.send('initiator', 15_000, { channel: 'e' });
      const packets = pair.write('initiator').map(parse);
      expect(packets).toHaveLength(17);
      expect(packets.at(-1)?.ackNow).toBe(true);
      let unflagged = 0;
      for (const { ackNow, sliceBytes } of packets) {
        unflagged = ackNow ? 0 : unflagged + sliceBytes;
        expect(unflagged).toBeLessThan(16_384 + 4096);
      }
      // The sample of the round trip is asked for once a second, not with each packet.
      expect(packets.filter(({ ackNow }) => ackNow).length).toBeLessThan(7);
    });

    it('on the packet after which credit stops the sender', () => {
      const pair = new Pair({ initiator: { startPacketBytes: 4096 } }).connect();
      pair.send('initiator', 60_000);
      const packets = pair.write('initiator').map(parse);
      expect(packets.at(-1)?.ackNow).toBe(true);
    });

    it('and sent within 20 ms otherwise, at once when timers are throttled, and never more than one at a time', () => {
      const pair = new Pair().connect();
      pair.send('initiator', 10);
      pair.run(1);
      // The first was the sample; the next ones are not asked for.
      for (let i = 0; i < 5; i++) pair.send('initiator', 10);
      pair.write('initiator');
      pair.deliver('initiator');
      expect(pair.write('acceptor')).toHaveLength(0);
      expect(pair.acceptor.deadlineMs).toBe(pair.nowMs + 20);
      pair.nowMs += 20;
      pair.tick();
      expect(pair.write('acceptor').map(parse)).toEqual([expect.objectContaining({ sliceBytes: 0, ackNow: false })]);
      pair.acceptor.link.isTimerThrottled = true;
      pair.send('initiator', 10);
      pair.write('initiator');
      pair.deliver('initiator');
      expect(pair.write('acceptor')).toHaveLength(1);
    });

    it('while the window has room for at most four packets, with each of them', () => {
      const pair = new Pair({
        initiator: { startPacketBytes: 16_384, remembered: { floor: 16_384, ceiling: 0, provisional: false } },
      }).connect();
      for (const channel of ['a', 'b', 'c', 'd']) pair.send('initiator', 16_000, { channel });
      const packets = pair.write('initiator').map(parse);
      expect(packets.filter(({ sliceBytes }) => sliceBytes > 16_000).every(({ ackNow }) => ackNow)).toBe(true);
    });
  });

  it('L10: a new connection starts with a window of 64 KiB, and with one packet while a suspicion is open', () => {
    const pair = new Pair().connect();
    pair.send('initiator', 4_000_000);
    for (let i = 0; pair.initiator.link.inFlightBytes < 100_000 && i < 100; i++) {
      pair.write('initiator');
      pair.deliver('initiator', 4);
      pair.nowMs += 1;
      pair.write('acceptor');
      pair.deliver('acceptor');
      pair.write('initiator');
    }
    expect(pair.initiator.link.inFlightBytes).toBeGreaterThan(100_000);
    reconnectAfter(pair, 1006);
    expect(pair.write('initiator').length).toBeGreaterThan(0);
    expect(pair.initiator.link.inFlightBytes).toBeLessThan(65_536 + pair.initiator.link.learner.limit);
  });

  it('L10: with an open suspicion one packet goes out', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c', 'd', 'e']) pair.send('initiator', 16_000, { channel });
    expect(pair.write('initiator').length).toBeGreaterThan(3);
    reconnectAfter(pair, 1009);
    const packets = pair.write('initiator');
    expect(sizes(packets)).toEqual([4096]);
    pair.run();
    expect(pair.read('acceptor')).toHaveLength(5);
  });

  describe('L11: waiting for credit', () => {
    it('is no stall, however long it takes', () => {
      const pair = new Pair({ acceptor: { terms: { poolBytes: 80_000_000 } } }).connect();
      for (let i = 0; i < 50; i++) pair.send('initiator', 10_000);
      pair.run(600_000, 500);
      expect(pair.initiator.bufferedBytes).toBeGreaterThan(400_000);
      expect(pair.effects.initiator.map(({ kind }) => kind)).not.toContain('stalled');
      for (let i = 0; i < 50; i++) {
        pair.read('acceptor');
        pair.run(5);
      }
      expect(pair.initiator.bufferedBytes).toBe(0);
    });

    it('a timer that fires late after sleep asks before it judges', () => {
      const pair = new Pair().connect();
      pair.send('initiator', 1000);
      pair.write('initiator');
      for (let i = 0; i < 9; i++) {
        pair.nowMs += 1000;
        pair.tick();
      }
      pair.nowMs += 3_600_000;
      pair.tick();
      expect(pair.seen('initiator', 'stalled')).toHaveLength(0);
      expect(pair.write('initiator').map(parse)).toEqual([expect.objectContaining({ ackNow: true, sliceBytes: 0 })]);
      // The answer was there all the time.
      pair.run(10);
      pair.run(60_000, 500);
      expect(pair.seen('initiator', 'stalled')).toHaveLength(0);
    });

    it('bytes that nobody acknowledges for 10 s are one', () => {
      const pair = new Pair().connect();
      pair.send('initiator', 1000);
      pair.write('initiator');
      for (let i = 0; i < 12; i++) {
        pair.nowMs += 1000;
        pair.tick();
      }
      expect(pair.seen('initiator', 'stalled')).toHaveLength(1);
    });
  });

  it('L12: the acceptor tells what it learns of its own direction, and starts from what it is told', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c', 'd', 'e']) pair.send('acceptor', 16_000, { channel });
    expect(Math.max(...sizes(pair.write('acceptor')))).toBe(16_384);
    pair.cut({ acceptor: 1009, initiator: 1006 });
    pair.connect().run();
    expect(pair.read('initiator')).toHaveLength(5);
    const told = pair.seen('initiator', 'peer-limit');
    expect(told.at(-1)).toMatchObject({ floor: 4096, ceiling: 16_384 });
    const next = new Pair({ acceptor: { remembered: { floor: 4096, ceiling: 16_384, provisional: false } } }).connect();
    next.send('acceptor', 100_000);
    expect(Math.max(...sizes(next.write('acceptor')))).toBe(4096);
    expect(next.acceptor.link.learner.limit).toBe(4096);
    // Only the acceptor has something to tell.
    expect(pair.seen('acceptor', 'peer-limit')).toHaveLength(0);
  });
});
