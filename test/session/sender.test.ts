import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../src/protocol/frame.ts';
import { DEFAULT_TERMS } from '../../src/protocol/limits.ts';
import type { Terms } from '../../src/protocol/terms.ts';
import type { ViolationName } from '../../src/protocol/violation.ts';
import type { Effect } from '../../src/session/effect.ts';
import { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import type { OutgoingInit } from '../../src/session/mux/outgoing-message.ts';
import { MuxSender } from '../../src/session/mux/sender.ts';
import { BytesSource } from '../../src/session/mux/source.ts';
import { StreamSource } from '../support/sim/stream-source.ts';

const HUGE: Terms = { ...DEFAULT_TERMS, initialChannelCredit: 1 << 30 };

/** A sender whose stream is read as it is written. */
class Bench {
  readonly effects: Effect[] = [];
  readonly sender: MuxSender;
  readonly heads: DataHead[] = [];
  readonly controls: ControlFrame[] = [];
  offset = 0;
  readonly #decoder: FrameDecoder;

  constructor(terms: Partial<Terms> = {}) {
    this.sender = new MuxSender(this.effects, () => undefined);
    this.sender.setPeer({ ...HUGE, ...terms });
    const nothing = (): ViolationName | undefined => undefined;
    this.#decoder = new FrameDecoder({
      dataStart: (head) => {
        this.heads.push(head);
        return undefined;
      },
      dataPayload: nothing,
      dataEnd: nothing,
      control: (frame) => {
        this.controls.push(frame);
        return undefined;
      },
    });
  }

  send(size: number, init: Partial<OutgoingInit> = {}): OutgoingMessage {
    const message = new OutgoingMessage({
      source: new BytesSource(new Uint8Array(size), false),
      channel: '',
      priority: 'auto',
      meta: undefined,
      ...init,
    });
    this.sender.send(message);
    return message;
  }

  /** One packet of at most `room` bytes; returns how many were written. */
  packet(room: number): number {
    const estimate = Math.min(room, this.sender.pendingBytes('all', room));
    if (estimate === 0) return 0;
    const target = new Uint8Array(estimate);
    const end = this.sender.fill('all', target, 0, this.offset);
    this.offset += end;
    expect(this.#decoder.push(target.subarray(0, end))).toBeUndefined();
    return end;
  }

  /** Writes all there is. */
  flush(room = 1000): void {
    while (this.packet(room) > 0);
  }

  /** Payload written on a channel. */
  bytesOn(channel: number): number {
    return this.heads.filter((head) => head.channel === channel).reduce((sum, head) => sum + head.payloadBytes, 0);
  }

  outcome(message: OutgoingMessage): string {
    const effect = this.effects.find((it) => 'message' in it && it.message === message && it.kind !== 'progress');
    return effect?.kind === 'failed' ? effect.error.code : (effect?.kind ?? 'none');
  }
}

describe('scheduling', () => {
  it('shares the path between channels of one priority, whenever they came', () => {
    const bench = new Bench();
    bench.send(1_000_000, { channel: 'a' });
    for (let i = 0; i < 300; i++) bench.packet(1000);
    bench.send(1_000_000, { channel: 'b' });
    const before = bench.bytesOn(1);
    for (let i = 0; i < 200; i++) bench.packet(1000);
    expect((bench.bytesOn(1) - before) / bench.bytesOn(2)).toBeCloseTo(1, 1);
  });

  it('gives high, auto and low shares of 16, 4 and 1, and starves none', () => {
    const bench = new Bench();
    bench.send(10_000_000, { channel: 'low', priority: 'low' });
    bench.send(10_000_000, { channel: 'auto' });
    bench.send(10_000_000, { channel: 'high', priority: 'high' });
    for (let i = 0; i < 2100; i++) bench.packet(1000);
    const [first, ...others] = bench.heads;
    const numbers = new Map(
      [first, ...others].flatMap((head) =>
        head?.fields?.name === undefined ? [] : [[head.fields.name, head.channel]],
      ),
    );
    const shares = ['high', 'auto', 'low'].map((name) => bench.bytesOn(numbers.get(name) as number) / 100_000);
    expect(shares.map(Math.round)).toEqual([16, 4, 1]);
  });

  it('puts a small message into the next packet, however much of another channel waits', () => {
    const bench = new Bench();
    bench.send(10_000_000, { channel: 'bulk' });
    for (let i = 0; i < 100; i++) bench.packet(1000);
    const small = bench.send(10, { channel: 'chat' });
    bench.packet(1000);
    expect(small.state).toBe('written');
  });

  it('knows whether somebody waits for what another channel sends', () => {
    const bench = new Bench();
    bench.send(5000);
    bench.send(10);
    expect(bench.sender.isShared).toBe(false);
    bench.send(10, { channel: 'other' });
    expect(bench.sender.isShared).toBe(true);
    bench.packet(1000);
    bench.packet(1000);
    expect(bench.sender.isShared).toBe(false);
  });

  it('owes nothing to a channel for the time in which it had nothing to send', () => {
    const bench = new Bench();
    const source = new StreamSource();
    bench.send(0, { source, channel: 'rare' });
    source.push(new Uint8Array(10));
    bench.send(10_000_000, { channel: 'bulk' });
    for (let i = 0; i < 1000; i++) bench.packet(1000);
    source.push(new Uint8Array(500_000));
    const before = bench.bytesOn(2);
    for (let i = 0; i < 100; i++) bench.packet(1000);
    expect(bench.bytesOn(2) - before).toBeGreaterThan(40_000);
  });

  it('keeps the order of a channel, whatever the priorities of its messages', () => {
    const bench = new Bench();
    const low = bench.send(5000, { priority: 'low' });
    const high = bench.send(10, { priority: 'high' });
    bench.packet(1000);
    expect([low.state, high.state]).toEqual(['started', 'queued']);
  });

  it('packs small messages: a thousand of ten bytes fit fifteen packets of 1000', () => {
    const bench = new Bench();
    for (let i = 0; i < 1000; i++) bench.send(10);
    let packets = 0;
    while (bench.packet(1000) > 0) packets++;
    expect(packets).toBeLessThanOrEqual(15);
    expect(bench.heads).toHaveLength(1000);
  });
});

describe('frames', () => {
  it('are never cut to nothing: with little credit or little room there is payload, a beginning or an end in each', () => {
    for (let room = 20; room < 120; room++) {
      for (const credit of [64, 65, 100, 127, 128, 300]) {
        const bench = new Bench({ initialChannelCredit: credit });
        bench.send(1000, { meta: { long: 'm'.repeat(200) } });
        bench.send(40, { channel: 'a' });
        bench.flush(room);
        for (let limit = credit; limit < 2000; limit += 37) {
          bench.sender.handle({ type: 'credit', channel: 0, limit });
          bench.sender.handle({ type: 'credit', channel: bench.sender.isWritten ? 0 : 1, limit });
          bench.flush(room);
        }
        expect(bench.bytesOn(0)).toBe(1000);
        expect(bench.heads.every(({ first, fin, payloadBytes }) => first || fin || payloadBytes > 0)).toBe(true);
      }
    }
  });

  it('say the total unless the message is whole in one', () => {
    const bench = new Bench();
    bench.send(10);
    bench.send(5000);
    bench.flush();
    expect(bench.heads.filter(({ first }) => first).map(({ total }) => total)).toEqual([undefined, 5000]);
  });

  it('of a message end where it ends, even if the end is told after the last byte', () => {
    const bench = new Bench();
    const source = new StreamSource(100);
    const message = bench.send(0, { source });
    source.push(new Uint8Array(100));
    bench.flush();
    const written = bench.offset;
    source.end();
    bench.flush();
    bench.sender.settle(written);
    expect(bench.outcome(message)).toBe('none');
    bench.sender.settle(bench.offset);
    expect(bench.outcome(message)).toBe('delivered');
  });

  it('of a stream come as it is ready, however little was ready when it was handed over', () => {
    const bench = new Bench();
    const source = new StreamSource();
    const message = bench.send(0, { source });
    for (let i = 0; i < 20; i++) {
      source.push(new Uint8Array(30_000));
      bench.flush(16_384);
    }
    source.end();
    bench.flush();
    bench.sender.settle(bench.offset);
    expect(bench.bytesOn(0)).toBe(600_000);
    expect(bench.outcome(message)).toBe('delivered');
    expect([bench.sender.bufferedBytes, bench.sender.heldBytes]).toEqual([0, 0]);
    // No packet was far smaller than it had to be.
    expect(bench.heads.length).toBeLessThan(60);
  });
});

describe('giving up', () => {
  it('tells the peer only of what it has a part of, before anything else of the channel', () => {
    const bench = new Bench();
    const started = bench.send(5000);
    const queued = bench.send(5000);
    bench.send(10);
    bench.packet(1000);
    const error = new RangeError() as never;
    bench.sender.cancel(queued, 0, error);
    bench.sender.cancel(started, 0, error);
    bench.sender.cancel(started, 0, error);
    bench.flush();
    expect(bench.controls).toEqual([{ type: 'cancel', channel: 0, ordinal: 0, code: 0, reason: '' }]);
    expect(bench.heads.map(({ first, fin }) => [first, fin])).toEqual([
      [true, false],
      [true, true],
    ]);
    const written = bench.send(10);
    bench.flush();
    bench.sender.cancel(written, 0, error);
    expect(bench.controls).toHaveLength(1);
    expect(bench.sender.control.bytes).toBe(0);
    bench.sender.settle(bench.offset);
    expect([bench.sender.bufferedBytes, bench.sender.heldBytes]).toEqual([0, 0]);
  });

  it('of a message whose credit was given for all of it leaves none of that behind', () => {
    const bench = new Bench({ initialChannelCredit: 16_384 });
    const big = bench.send(1_000_000);
    bench.packet(1000);
    bench.sender.handle({ type: 'credit', channel: 0, limit: 1_000_064 + 16_384 });
    bench.packet(1000);
    bench.sender.cancel(big, 0, new RangeError() as never);
    bench.send(100_000);
    bench.flush();
    // What the next one may send is the initial credit, as if the first had been sent whole.
    expect(bench.heads.slice(2).reduce((sum, { payloadBytes }) => sum + payloadBytes, 0)).toBe(16_384 - 64);
  });

  it('is what happens to a message that is too big, has failed already, or needs a channel that cannot be', () => {
    const bench = new Bench({ maxMessageBytes: 1000, maxOpenChannels: 1 });
    const failed = new StreamSource();
    failed.fail(new Error('gone'));
    const messages = [
      bench.send(1001),
      bench.send(10, { channel: 'named' }),
      bench.send(0, { source: failed }),
      bench.send(1000),
    ];
    bench.flush();
    bench.sender.settle(bench.offset);
    expect(messages.map((message) => bench.outcome(message))).toEqual([
      'ERR_MESSAGE_TOO_BIG',
      'ERR_REJECTED',
      'ERR_SOURCE',
      'delivered',
    ]);
    const growing = new StreamSource();
    const tooBig = bench.send(0, { source: growing });
    growing.push(new Uint8Array(900));
    bench.flush();
    growing.push(new Uint8Array(101));
    bench.send(10);
    bench.flush();
    expect(bench.outcome(tooBig)).toBe('ERR_MESSAGE_TOO_BIG');
    expect(growing.isReleased).toBe(true);
    expect(bench.controls.map(({ type }) => type)).toEqual(['cancel']);
    bench.sender.settle(bench.offset);
    expect([bench.sender.bufferedBytes, bench.sender.heldBytes]).toEqual([0, 0]);
  });

  it('gives back all that is not settled, in the order of each channel, and forgets it', () => {
    const bench = new Bench();
    const sent = [bench.send(10), bench.send(5000), bench.send(20), bench.send(5, { channel: 'a' })];
    bench.packet(100);
    expect(bench.sender.withdraw()).toEqual([sent[2], sent[3]].filter((message) => message?.channelNumber === -1));
    const left = bench.sender.abandon();
    expect(left.filter(({ init }) => init.channel === '')).toEqual([sent[0], sent[1]]);
    bench.sender.settle(1e9);
    expect(bench.effects.filter(({ kind }) => kind !== 'progress')).toEqual([]);
    expect([bench.sender.bufferedBytes, bench.sender.heldBytes, bench.sender.isWritten]).toEqual([0, 0, true]);
  });
});

describe('channel numbers', () => {
  it.each([2, 3, 4])('with %i open at a time all names get their turn', (maxOpenChannels) => {
    const bench = new Bench({ maxOpenChannels });
    const messages = Array.from({ length: 40 }, (_, i) => bench.send(100, { channel: `n${i % 10}` }));
    const open = new Set<number>([0]);
    for (let round = 0; round < 100; round++) {
      bench.flush();
      for (const { channel } of bench.heads) open.add(channel);
      expect(open.size).toBeLessThanOrEqual(maxOpenChannels);
      for (const frame of bench.controls.splice(0)) {
        if (frame.type !== 'retire') continue;
        open.delete(frame.channel);
        bench.sender.handle({ type: 'retired', channel: frame.channel });
      }
      bench.heads.length = 0;
    }
    bench.sender.settle(bench.offset);
    expect(messages.map((message) => bench.outcome(message))).toEqual(Array(40).fill('delivered'));
  });

  it('of a channel that always has more to send go to one that waits, after 64 KiB', () => {
    const bench = new Bench({ maxOpenChannels: 2 });
    const busy = Array.from({ length: 100 }, () => bench.send(10_000, { channel: 'busy' }));
    const other = bench.send(10, { channel: 'other' });
    while (bench.controls.length === 0) bench.packet(1000);
    expect(bench.bytesOn(1)).toBeGreaterThanOrEqual(60_000);
    expect(bench.bytesOn(1)).toBeLessThan(80_000);
    bench.sender.handle({ type: 'retired', channel: 1 });
    bench.packet(1000);
    expect(other.state).toBe('written');
    for (let number = 2; !bench.sender.isWritten; number++) {
      bench.flush();
      bench.sender.handle({ type: 'retired', channel: number });
    }
    bench.sender.settle(bench.offset);
    expect(busy.map((message) => bench.outcome(message))).toEqual(Array(100).fill('delivered'));
  });

  it('are asked back only where another channel needs them', () => {
    const bench = new Bench({ maxOpenChannels: 3 });
    bench.send(10, { channel: 'a' });
    bench.send(10, { channel: 'b' });
    bench.flush();
    bench.sender.settle(bench.offset);
    bench.send(10, { channel: 'a' });
    bench.flush();
    expect(bench.controls).toEqual([]);
    bench.send(10, { channel: 'c' });
    bench.flush();
    expect(bench.controls).toHaveLength(1);
    // One is on its way back: no second is needed.
    bench.flush();
    bench.send(10, { channel: 'c' });
    bench.flush();
    expect(bench.controls).toHaveLength(1);
  });
});
