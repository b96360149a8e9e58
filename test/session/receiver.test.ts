import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../src/protocol/frame-decoder.ts';
import type { ControlFrame, DataHead } from '../../src/protocol/frame.ts';
import type { Terms } from '../../src/protocol/terms.ts';
import { ControlQueue } from '../../src/session/mux/control-queue.ts';
import { MuxReceiver } from '../../src/session/mux/receiver.ts';

const TERMS: Terms = {
  maxPacketBytes: 1 << 20,
  maxMessageBytes: 1 << 20,
  initialChannelCredit: 16_384,
  poolBytes: (1 << 20) + 100_000,
  maxOpenChannels: 16,
};

/** A receiver, and what it tells the sender. */
class Bench {
  readonly control = new ControlQueue();
  readonly limits = new Map<number, number>();
  readonly frames: ControlFrame[] = [];
  readonly receiver: MuxReceiver;

  constructor(terms: Partial<Terms> = {}) {
    const all = { ...TERMS, ...terms };
    const host = { control: this.control, raiseBarrier: () => undefined };
    this.receiver = new MuxReceiver(all, all.maxMessageBytes, host, []);
  }

  data(channel: number, payloadBytes: number, rest: Partial<DataHead> = {}): string | undefined {
    const head: DataHead = {
      channel,
      first: false,
      fin: false,
      text: false,
      total: undefined,
      fields: undefined,
      fieldsBytes: 0,
      payloadBytes,
      ...rest,
    };
    const violation = this.receiver.dataStart(head);
    if (violation !== undefined) return violation;
    const problem = payloadBytes > 0 ? this.receiver.dataPayload(new Uint8Array(payloadBytes)) : undefined;
    const answer = problem ?? this.receiver.dataEnd();
    this.#listen();
    return answer;
  }

  open(channel: number, payloadBytes: number, rest: Partial<DataHead> = {}): string | undefined {
    return this.data(channel, payloadBytes, { first: true, fields: { name: `n${channel}` }, fieldsBytes: 10, ...rest });
  }

  cancel(channel: number, ordinal: number): string | undefined {
    const answer = this.receiver.handle({ type: 'cancel', channel, ordinal, code: 0, reason: '' });
    this.#listen();
    return answer;
  }

  next(): unknown {
    const message = this.receiver.next();
    this.#listen();
    return message;
  }

  #listen(): void {
    this.receiver.endTurn();
    const bytes = new Uint8Array(this.control.bytes);
    const nothing = (): undefined => undefined;
    const take = (frame: ControlFrame): undefined => {
      this.frames.push(frame);
      if (frame.type !== 'credit') return;
      // It never goes down.
      expect(frame.limit).toBeGreaterThan(this.limits.get(frame.channel) ?? 16_384);
      this.limits.set(frame.channel, frame.limit);
    };
    this.control.fill(bytes, 0);
    new FrameDecoder({ dataStart: nothing, dataPayload: nothing, dataEnd: nothing, control: take }).push(bytes);
  }
}

describe('credit', () => {
  it('of the initial amount needs no frame, and comes back by halves as messages are taken', () => {
    const bench = new Bench();
    for (let i = 0; i < 8; i++) expect(bench.data(0, 1984, { first: true, fin: true })).toBeUndefined();
    expect(bench.data(0, 0, { first: true, fin: true })).toBe('credit-exceeded');
    const other = new Bench();
    for (let i = 0; i < 8; i++) other.data(0, 1984, { first: true, fin: true });
    for (let i = 0; i < 3; i++) other.next();
    expect(other.frames).toEqual([]);
    other.next();
    expect(other.limits.get(0)).toBeGreaterThanOrEqual(16_384 + 8192);
  });

  it('counts messages without a byte', () => {
    const bench = new Bench();
    let count = 0;
    while (bench.data(0, 0, { first: true, fin: true }) === undefined) count++;
    expect(count).toBe(16_384 / 64);
  });

  it('is given for the whole of a message of known length at once', () => {
    const bench = new Bench();
    bench.data(0, 100, { first: true, total: 500_000 });
    expect(bench.limits.get(0)).toBe(64 + 500_000 + 16_384);
  });

  it('is given to the oldest first, and to the next when the first was taken', () => {
    const bench = new Bench();
    bench.open(1, 1, { total: 700_000 });
    bench.open(2, 1, { total: 700_000 });
    bench.open(3, 1, { total: 300_000 });
    expect([...bench.limits.keys()]).toEqual([1]);
    bench.data(1, 699_999, { fin: true });
    expect([...bench.limits.keys()]).toEqual([1]);
    bench.next();
    expect([...bench.limits.keys()]).toEqual([1, 2, 3]);
  });

  it('goes to the pool when a message is given up', () => {
    const bench = new Bench();
    bench.open(1, 1, { total: 1_000_000 });
    bench.open(2, 1, { total: 1_000_000 });
    expect(bench.cancel(1, 0)).toBeUndefined();
    expect(bench.limits.get(2)).toBeGreaterThan(1_000_000);
    // As if all of the first had come: the next message of its channel finds the initial credit.
    expect(bench.data(1, 16_384 - 64, { first: true, fin: true })).toBeUndefined();
    expect(bench.data(1, 0, { first: true, fin: true })).toBe('credit-exceeded');
  });

  it('goes to one message of unknown length at a time', () => {
    const bench = new Bench();
    bench.open(1, 16_000);
    bench.open(2, 16_000);
    expect([...bench.limits.keys()]).toEqual([1]);
    bench.data(1, 1, { fin: true });
    bench.next();
    expect(bench.limits.get(2)).toBeGreaterThan(16_384);
  });

  it('of a message that grew too big comes back, and the peer is told which it was', () => {
    const bench = new Bench({ maxMessageBytes: 10_000 });
    bench.data(0, 9000, { first: true });
    bench.data(0, 2000);
    bench.data(0, 2000);
    expect(bench.frames.filter(({ type }) => type === 'reject')).toEqual([
      { type: 'reject', channel: 0, ordinal: 0, code: 1, value: 10_000, reason: '' },
    ]);
    expect(bench.data(0, 10, { fin: true })).toBeUndefined();
    expect(bench.next()).toBeUndefined();
    expect(bench.limits.get(0)).toBeGreaterThan(16_384 + 8192);
    expect(bench.data(0, 9000, { first: true, fin: true })).toBeUndefined();
    expect(bench.next()).toBeDefined();
  });

  describe('of a message that is too big, sent before the sender could know', () => {
    const rejects = (bench: Bench): unknown[] => bench.frames.filter(({ type }) => type === 'reject');
    const reject = { type: 'reject', channel: 0, code: 1, value: 1000, reason: '' };

    it('comes back, the message is refused, and those around it are taken', () => {
      const bench = new Bench({ maxMessageBytes: 1000 });
      expect(bench.data(0, 1000, { first: true, fin: true })).toBeUndefined();
      expect(bench.data(0, 1001, { first: true, fin: true })).toBeUndefined();
      expect(bench.data(0, 0, { first: true, fin: true })).toBeUndefined();
      expect(rejects(bench)).toEqual([{ ...reject, ordinal: 1 }]);
      expect(bench.next()).toMatchObject({ data: new Uint8Array(1000) });
      expect(bench.next()).toMatchObject({ data: new Uint8Array() });
      expect(bench.next()).toBeUndefined();
      // One that fills what early data may cost leaves credit as if it had been handed over.
      expect(bench.data(0, 16_384 - 1000 - 1001 - 4 * 64, { first: true, fin: true })).toBeUndefined();
      expect(bench.limits.get(0)).toBeGreaterThanOrEqual(16_384 + 8192);
    });

    it('is refused at once where only its total says so, and holds nothing up', () => {
      const bench = new Bench({ maxMessageBytes: 1000, poolBytes: 9192, maxOpenChannels: 2 });
      expect(bench.data(0, 1, { first: true, total: Number.MAX_SAFE_INTEGER })).toBeUndefined();
      expect(rejects(bench)).toEqual([{ ...reject, ordinal: 0 }]);
      expect(bench.data(0, 16_000)).toBeUndefined();
      expect(rejects(bench)).toHaveLength(1);
      expect(bench.open(1, 1, { total: 1000 })).toBeUndefined();
      expect(bench.data(1, 999, { fin: true })).toBeUndefined();
      expect(bench.next()).toMatchObject({ channel: 'n1' });
      expect(bench.cancel(0, 0)).toBeUndefined();
      expect(bench.limits.get(0)).toBe(Number.MAX_SAFE_INTEGER);
    });

    it('is for what begins within 16384 bytes of channel 0 only: later it is a violation', () => {
      const after = (costBytes: number): Bench => {
        const bench = new Bench({ maxMessageBytes: 16_383 - 64, initialChannelCredit: 65_536 });
        for (const payloadBytes of [costBytes - 2 * 64, 0]) {
          expect(bench.data(0, payloadBytes, { first: true, fin: true })).toBeUndefined();
        }
        return bench;
      };
      expect(after(16_383).data(0, 16_320, { first: true, fin: true })).toBeUndefined();
      expect(after(16_384).data(0, 16_320, { first: true, fin: true })).toBe('message-too-big');
      expect(after(1000).open(1, 16_320, { fin: true })).toBe('message-too-big');
    });

    it('is a violation where refusals pile up', () => {
      const bench = new Bench({ maxMessageBytes: 0 });
      for (let i = 0; i < 70; i++) {
        bench.control.push({ type: 'reject', channel: 0, ordinal: 9, code: 0, value: 0, reason: 'r'.repeat(1000) });
      }
      expect(bench.data(0, 1, { first: true, fin: true })).toBe('message-too-big');
    });
  });

  it('grows while all that is given is used, so that the path stays busy, and leaves room for the largest message', () => {
    const bench = new Bench({ poolBytes: (1 << 20) + 8192 + 400_000 });
    let sent = 0;
    for (let i = 0; i < 1000; i++) {
      const room = (bench.limits.get(0) ?? 16_384) - sent;
      const bytes = Math.min(16_000, room - 64);
      if (bytes < 0) break;
      expect(bench.data(0, bytes, { first: true, fin: true })).toBeUndefined();
      sent += bytes + 64;
      if (room - bytes >= 200) continue;
      bench.receiver.handle({ type: 'blocked', channel: 0, limit: bench.limits.get(0) ?? 16_384 });
      while (bench.next() !== undefined);
    }
    while (bench.next() !== undefined);
    expect((bench.limits.get(0) as number) - sent).toBeGreaterThan(60_000);
    bench.open(1, 1, { total: 1 << 20 });
    expect(bench.limits.get(1)).toBeGreaterThan(1 << 20);
  });
});

describe('what is kept', () => {
  it('stays within the initial credit of all channels and the pool, whatever an obedient peer does', () => {
    interface Model {
      sent: number;
      current?: { total: number | undefined; bytes: number; ordinal: number } | undefined;
      ordinal: number;
    }
    const step = fc.record({
      kind: fc.constantFrom('start', 'start', 'go on', 'go on', 'go on', 'end', 'cancel', 'take', 'take'),
      channel: fc.nat({ max: 5 }),
      size: fc.integer({ min: 0, max: 300_000 }),
      isKnown: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const bench = new Bench({ maxMessageBytes: 300_000, poolBytes: 310_000, maxOpenChannels: 6 });
        const channels: Model[] = Array.from({ length: 6 }, () => ({ sent: 0, ordinal: 0 }));
        channels.forEach((model, number) => {
          if (number === 0) return;
          bench.open(number, 0, { fin: true });
          bench.next();
          model.sent = 74;
          model.ordinal = 1;
        });
        const room = (number: number): number =>
          (bench.limits.get(number) ?? 16_384) - (channels[number] as Model).sent;
        let kept = 0;
        for (const { kind, channel, size, isKnown } of steps) {
          const model = channels[channel] as Model;
          const { current } = model;
          if (kind === 'take') {
            const message = bench.next() as { data: Uint8Array } | undefined;
            kept -= message?.data.length ?? 0;
          } else if (kind === 'start' && current === undefined && room(channel) >= 64) {
            const bytes = Math.min(room(channel) - 64, Math.floor(size / 2));
            const total = isKnown ? size : undefined;
            expect(bench.data(channel, bytes, { first: true, total })).toBeUndefined();
            model.current = { total, bytes, ordinal: model.ordinal++ };
            model.sent += bytes + 64;
            kept += bytes;
          } else if (kind === 'go on' && current !== undefined) {
            const most = (current.total ?? 300_000) - current.bytes;
            const bytes = Math.min(room(channel), size, most);
            if (bytes <= 0) continue;
            expect(bench.data(channel, bytes)).toBeUndefined();
            current.bytes += bytes;
            model.sent += bytes;
            kept += bytes;
          } else if (kind === 'end' && current !== undefined) {
            const bytes = current.total === undefined ? 0 : current.total - current.bytes;
            if (bytes > room(channel)) continue;
            expect(bench.data(channel, bytes, { fin: true })).toBeUndefined();
            model.sent += bytes;
            kept += bytes;
            model.current = undefined;
          } else if (kind === 'cancel' && current !== undefined) {
            expect(bench.cancel(channel, current.ordinal)).toBeUndefined();
            model.sent += (current.total ?? current.bytes) - current.bytes;
            kept -= current.bytes;
            model.current = undefined;
          }
          expect(kept).toBeLessThanOrEqual(6 * 16_384 + 310_000);
        }
        // And it is never the end: once all is taken, every channel can send a message of the largest size.
        for (let number = 0; number < 6; number++) {
          const model = channels[number] as Model;
          if (model.current !== undefined) bench.cancel(number, model.current.ordinal);
          model.sent += (model.current?.total ?? model.current?.bytes ?? 0) - (model.current?.bytes ?? 0);
        }
        while (bench.next() !== undefined);
        for (let number = 0; number < 6; number++) {
          expect(room(number)).toBeGreaterThanOrEqual(8192);
          expect(bench.data(number, 1, { first: true, total: 300_000 })).toBeUndefined();
          expect(room(number)).toBeGreaterThanOrEqual(300_064);
          expect(bench.data(number, 299_999, { fin: true })).toBeUndefined();
          bench.next();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('numbers', () => {
  it('are given back when what came on them was taken', () => {
    const bench = new Bench({ maxOpenChannels: 2 });
    bench.open(1, 10, { fin: true });
    bench.receiver.handle({ type: 'retire', channel: 1 });
    expect(bench.open(2, 10, { fin: true })).toBe('too-many-channels');
    const other = new Bench({ maxOpenChannels: 2 });
    other.open(1, 10, { fin: true });
    other.receiver.handle({ type: 'retire', channel: 1 });
    other.next();
    expect(other.frames.map(({ type }) => type)).toEqual(['retired']);
    expect(other.open(2, 10, { fin: true, fields: { name: 'n1' } })).toBeUndefined();
    expect(other.next()).toMatchObject({ channel: 'n1' });
  });

  it('are not free before the peer can know', () => {
    const control = new ControlQueue();
    const host = { control, raiseBarrier: () => undefined };
    const receiver = new MuxReceiver({ ...TERMS, maxOpenChannels: 2 }, TERMS.maxMessageBytes, host, []);
    const head = { first: true, fin: true, text: false, total: undefined, fieldsBytes: 4, payloadBytes: 0 };
    receiver.dataStart({ ...head, channel: 1, fields: { name: 'a' } });
    receiver.dataEnd();
    receiver.next();
    receiver.handle({ type: 'retire', channel: 1 });
    expect(receiver.dataStart({ ...head, channel: 2, fields: { name: 'b' } })).toBe('too-many-channels');
    control.fill(new Uint8Array(100), 0);
    expect(receiver.dataStart({ ...head, channel: 2, fields: { name: 'b' } })).toBeUndefined();
  });
});
