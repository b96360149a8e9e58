import { describe, expect, it } from 'vitest';
import type { IncomingMessage } from '../../src/session/mux/incoming-message.ts';
import type { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import { Pair } from '../support/sim/pair.ts';
import { StreamSource } from '../support/sim/stream-source.ts';

const KIB = 1024;

describe('traces of what a receiver holds', () => {
  it('K1: a message that was given up behind one that is held does not make room for a third', () => {
    const terms = { maxMessageBytes: 640 * KIB, poolBytes: 648 * KIB, maxOpenChannels: 4 };
    const pair = new Pair({ acceptor: { terms } }).connect();
    const held: number[] = [];
    for (const channel of ['a', 'b', 'c']) {
      pair.send('initiator', 600 * KIB, { channel });
      pair.run(30);
      const source = new StreamSource(640 * KIB);
      const second = pair.send('initiator', 0, { channel, source });
      source.push(new Uint8Array(1000));
      pair.run(30);
      pair.abort('initiator', second);
      pair.run(30);
      held.push(pair.acceptor.receiver.heldBytes);
    }
    expect(Math.max(...held)).toBeLessThan(4 * 16 * KIB + 648 * KIB);
    // And once it is read, everything goes on.
    let count = 0;
    for (let i = 0; i < 50; i++) {
      count += pair.read('acceptor').length;
      pair.run(10);
    }
    expect([count, pair.initiator.bufferedBytes]).toEqual([3, 0]);
  });

  it('K2: a message that is refused in the middle of a frame, by a limit lowered there, is refused', () => {
    const pair = new Pair({
      acceptor: { maxWholeBytes: 5000, terms: { poolBytes: 20_000 } },
      initiator: { startPacketBytes: 4096, maxPacketBytes: 4096 },
    }).connect();
    const source = new StreamSource();
    const sent = pair.send('initiator', 0, { source });
    // One frame, cut by four packets.
    source.push(new Uint8Array(16_320));
    pair.write('initiator');
    pair.deliver('initiator', 1);
    const incoming = pair.acceptor.receiver.nextIncoming() as IncomingMessage;
    expect(incoming.bytes).toBeLessThan(5000);
    pair.acceptor.receiver.collect(incoming);
    pair.run(50);
    expect(incoming.use).toBe('dropped');
    expect(pair.seen('acceptor', 'incoming').at(-1)?.incoming.use).toBe('dropped');
    expect(pair.failureOf('initiator', sent)).toBe('ERR_MESSAGE_TOO_BIG');
    const next = pair.send('initiator', 1000);
    pair.run(50);
    expect(pair.isDelivered('initiator', next)).toBe(true);
  });

  it('K3: a session that ended in the middle of a frame holds nothing', () => {
    const pair = new Pair({ initiator: { maxPacketBytes: 1024, startPacketBytes: 1024 } }).connect();
    pair.send('initiator', 10_000);
    pair.write('initiator');
    pair.deliver('initiator', 2);
    expect(pair.acceptor.receiver.heldBytes).toBeGreaterThan(2000);
    pair.acceptor.end();
    expect(pair.acceptor.receiver.heldBytes).toBe(0);
  });

  describe('K4: a message that was whole when it was refused, and of which nothing was said yet,', () => {
    /** The acceptor has all of a message, and has not written since. */
    function arrive(pair: Pair): { sent: OutgoingMessage; incoming: IncomingMessage } {
      const sent = pair.send('initiator', 2000);
      pair.write('initiator');
      pair.deliver('initiator');
      const incoming = pair.acceptor.receiver.nextIncoming() as IncomingMessage;
      expect(incoming.isWhole).toBe(true);
      return { sent, incoming };
    }

    it('has failed, although the packet in which its REJECT begins does not hold all of that', () => {
      const pair = new Pair({ acceptor: { maxPacketBytes: 512, startPacketBytes: 512 } }).connect();
      const { sent, incoming } = arrive(pair);
      pair.acceptor.receiver.reject(incoming, 'r'.repeat(1000));
      pair.write('acceptor');
      pair.deliver('acceptor', 1);
      expect(pair.isDelivered('initiator', sent)).toBe(false);
      pair.run(50);
      expect(pair.failureOf('initiator', sent)).toBe('ERR_REJECTED');
    });

    it('is not covered by what a tombstone says', () => {
      const pair = new Pair().connect();
      const { sent, incoming } = arrive(pair);
      pair.acceptor.receiver.reject(incoming, '');
      pair.initiator.settleLast(pair.acceptor.lastReceived);
      pair.collect();
      expect(pair.isDelivered('initiator', sent)).toBe(false);
    });

    it('counts as delivered, and is handed over, once a HELLO or WELCOME has told of it', () => {
      const pair = new Pair({ acceptor: { maxWholeBytes: 1000 } }).connect();
      const { sent, incoming } = arrive(pair);
      pair.cut();
      pair.connect();
      pair.acceptor.receiver.takeWhole(incoming);
      pair.run(50);
      expect(pair.isDelivered('initiator', sent)).toBe(true);
      expect(pair.read('acceptor').map(({ data }) => data.length)).toEqual([2000]);
    });
  });

  it('K5: a message that is refused between HELLO and WELCOME has failed, whatever is acknowledged before its REJECT', () => {
    const initiator = { maxPacketBytes: 1024, startPacketBytes: 1024 };
    const acceptor = { maxPacketBytes: 4096, startPacketBytes: 4096 };
    const pair = new Pair({ initiator, acceptor }).connect();
    const sent = pair.send('acceptor', 12_000);
    pair.write('acceptor');
    pair.deliver('acceptor', 1);
    const incoming = pair.initiator.receiver.nextIncoming() as IncomingMessage;
    expect(incoming.isWhole).toBe(false);
    // What goes before the REJECT in the stream, and is lost.
    pair.send('initiator', 10_000);
    pair.write('initiator');
    pair.cut();
    const hello = pair.hello();
    pair.initiator.receiver.reject(incoming, 'too late for HELLO');
    pair.initiator.attached(pair.welcome(hello), pair.nowMs);
    pair.write('acceptor');
    pair.deliver('acceptor');
    pair.write('initiator');
    pair.deliver('initiator', 1);
    expect(pair.isDelivered('acceptor', sent)).toBe(false);
    pair.run(50);
    expect(pair.failureOf('acceptor', sent)).toBe('ERR_REJECTED');
  });
});
