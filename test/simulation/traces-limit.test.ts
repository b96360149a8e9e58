import { describe, expect, it } from 'vitest';
import { CloseCode } from '../../src/protocol/close-codes.ts';
import { LimitLearner } from '../../src/session/link/limit-learner.ts';
import { Pair, reconnectAfter } from '../support/sim/pair.ts';

const sizes = (packets: readonly Uint8Array[]): number[] => packets.map((packet) => packet.length);

describe('traces of the limit', () => {
  const cold = (): LimitLearner => new LimitLearner(1 << 20, 16_384, undefined, 1 << 20);

  it('S1: packets of 40,113 and of 38,004 bytes count as one size', () => {
    const learner = new LimitLearner(1 << 20, 65_536, undefined, 1 << 20);
    learner.failed(40_113, false);
    expect(learner.ceiling).toBe(65_536);
    learner.failed(38_004, false);
    expect(learner.ceiling).toBe(65_536);
    learner.passed(20_000);
    expect(learner.floor).toBe(16_384);
  });

  it('S2: bad luck above the floor is tried again after 1 MiB, and is not told as a fact', () => {
    const learner = cold();
    learner.failed(16_384, false);
    expect([learner.limit, learner.ceiling, learner.memory.provisional]).toEqual([4096, 16_384, true]);
    learner.passed(4096);
    learner.grow();
    learner.passed(8192);
    learner.grow();
    expect(learner.limit).toBe(8192);
    learner.acked(1024 * 1024);
    learner.grow();
    learner.passed(16_384);
    expect([learner.floor, learner.ceiling]).toEqual([16_384, Infinity]);
  });

  it('S2: a proved size is not given up for two unlucky cuts, nor for many with successes between', () => {
    const learner = cold();
    learner.passed(16_384);
    learner.failed(10_000, false);
    learner.failed(10_000, false);
    for (let i = 0; i < 50; i++) {
      learner.passed(10_000);
      learner.failed(10_000, false);
      learner.failed(9_000, false);
    }
    expect(learner.floor).toBe(16_384);
    learner.failed(10_000, false);
    expect(learner.floor).toBe(4096);
  });

  it('S3: of the packets that were not processed, the first above the floor is the suspect', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c', 'd', 'e']) pair.send('initiator', 16_000, { channel });
    const packets = pair.write('initiator');
    expect(sizes(packets).filter((size) => size > 4096)).toEqual([16_384]);
    reconnectAfter(pair, 1009);
    expect(pair.initiator.link.learner).toMatchObject({ limit: 4096, ceiling: 16_384 });
  });

  it('S3: with none above the floor a 1009 must repeat before it counts', () => {
    const pair = new Pair({ initiator: { startPacketBytes: 4096 } }).connect();
    pair.send('initiator', 16_000);
    pair.write('initiator');
    reconnectAfter(pair, 1009);
    expect(pair.initiator.link.learner.limit).toBe(4096);
    pair.write('initiator');
    reconnectAfter(pair, 1009);
    expect(pair.initiator.link.learner.limit).toBe(2048);
  });

  it('S3: nothing unprocessed, or nothing of 512 bytes, teaches nothing', () => {
    const pair = new Pair().connect();
    reconnectAfter(pair, 1009);
    for (let i = 0; i < 20; i++) {
      pair.send('initiator', 100);
      pair.write('initiator');
      reconnectAfter(pair, 1009);
      pair.run();
    }
    expect(pair.initiator.link.learner.trail).toEqual([16_384]);
    expect(pair.read('acceptor')).toHaveLength(20);
  });

  it('S4: the peer says that it refused a packet, which outranks guessing', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c']) pair.send('initiator', 16_000, { channel });
    pair.write('initiator');
    pair.acceptor.noteRefused(10_000);
    pair.cut({ initiator: 1009, acceptor: 1009 });
    // It is said until a connection has come up: the first WELCOME is lost.
    expect(pair.welcome(pair.hello()).refused).toEqual({ maxPacketBytes: 10_000 });
    pair.cut();
    pair.connect();
    expect(pair.initiator.link.learner).toMatchObject({ limit: 8192, ceiling: 16_384 });
    expect(pair.seen('initiator', 'limit')).toMatchObject([{ from: 16_384, to: 8192, cause: 'refused' }]);
    pair.run();
    expect(pair.welcome(pair.hello()).refused).toBeUndefined();
  });

  it('S4: a gateway closes both legs with 1009 for a packet of the other side: the limit is found all the same', () => {
    const pair = new Pair().connect();
    // The initiator always has something small on its way, which each of the closes points to.
    for (let i = 0; i < 5; i++) {
      pair.send('initiator', 900);
      pair.write('initiator');
      pair.cut({ initiator: 1009, acceptor: 1009 });
      pair.connect();
      expect(pair.seen('initiator', 'limit-too-small')).toHaveLength(0);
    }
    pair.run();
    expect(pair.read('acceptor')).toHaveLength(5);
  });

  it('S5: a server that crashes after each WELCOME ends no session', () => {
    const pair = new Pair().connect();
    pair.send('initiator', 100_000);
    for (let i = 0; i < 60; i++) {
      pair.write('initiator');
      reconnectAfter(pair, 1006);
    }
    expect(pair.initiator.state.kind).toBe('open');
    expect(pair.initiator.link.learner.limit).toBeGreaterThanOrEqual(512);
    for (let i = 0; i < 100; i++) {
      pair.run(20);
      pair.read('acceptor');
    }
    expect(pair.initiator.bufferedBytes).toBe(0);
  });

  it('S6: too big shows as a code that is fatal by default: it is worth one more try at the floor', () => {
    for (const code of [1000, 1002, 1008, 1011, 4002, 1006]) {
      const pair = new Pair().connect();
      for (const channel of ['a', 'b']) pair.send('initiator', 16_000, { channel });
      pair.write('initiator');
      expect(pair.initiator.detached({ code })).toBe(true);
      pair.connect();
      expect(sizes(pair.write('initiator'))).toEqual([4096]);
      // Nothing above the floor is in flight now: the same code means what it says.
      expect(pair.initiator.detached({ code })).toBe(false);
    }
  });

  it('S8: 1009 at the smallest size ends the session, with what was tried', () => {
    const pair = new Pair().connect();
    const message = pair.send('initiator', 5000);
    let connections = 0;
    while (pair.initiator.state.kind !== 'ended') {
      pair.write('initiator');
      pair.cut({ initiator: CloseCode.messageTooBig });
      pair.connect();
      expect(++connections).toBeLessThan(20);
    }
    expect(pair.seen('initiator', 'limit-too-small')).toEqual([
      { kind: 'limit-too-small', trail: [16_384, 4096, 2048, 1024, 512] },
    ]);
    expect(pair.write('initiator')).toEqual([]);
    expect(pair.initiator.end()).toEqual([message]);
    expect(pair.initiator.bufferedBytes).toBe(0);
  });

  it('S4, S8: what is seen while a handshake fails between changes nothing of what the loss before it taught', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c']) pair.send('initiator', 16_000, { channel });
    pair.write('initiator');
    expect(pair.initiator.detached({ code: 1009 })).toBe(true);
    pair.acceptor.detached({ code: 1006 });
    // A connection that carries HELLO only, and fails.
    pair.initiator.counts();
    expect(pair.initiator.detached({ code: 1006 })).toBe(false);
    pair.connect();
    expect(pair.initiator.link.learner).toMatchObject({ limit: 4096, ceiling: 16_384 });
  });

  it('S3: a half-open connection that the peer replaces may have been too big a packet', () => {
    const pair = new Pair().connect();
    for (const channel of ['a', 'b', 'c']) pair.send('acceptor', 16_000, { channel });
    // The gateway closed the leg of the initiator only: the acceptor hears of it by the next HELLO.
    for (let i = 0; i < 2; i++) {
      pair.write('acceptor');
      pair.initiator.detached({ code: 1009 });
      pair.connect();
    }
    expect(pair.acceptor.link.learner).toMatchObject({ limit: 4096, ceiling: 16_384 });
  });
});
