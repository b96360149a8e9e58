import { describe, expect, it } from 'vitest';
import { encodeControl, writeDataHead } from '../../src/protocol/frame-encoder.ts';
import { ByteParts } from '../../src/session/mux/byte-parts.ts';
import { ControlQueue } from '../../src/session/mux/control-queue.ts';
import { MuxReceiver } from '../../src/session/mux/receiver.ts';
import { inject } from '../support/sim/inject.ts';
import { Pair } from '../support/sim/pair.ts';

const MIB = 1 << 20;

describe('traces of hostile peers', () => {
  const head = { channel: 0, first: true, fin: false, text: false, fields: undefined, fieldsBytes: 0, payloadBytes: 0 };

  it('H1: a few bytes of a large buffer do not keep it, nor do many tiny buffers cost more than they hold', () => {
    const parts = new ByteParts();
    const kept: Uint8Array[] = [];
    for (let i = 0; i < 100; i++) {
      const buffer = new Uint8Array(65_536);
      buffer.fill(i, 100, 150);
      parts.add(buffer.subarray(100, 150), false);
      kept.push(buffer);
    }
    // Whatever happens to those buffers now, the message does not see it.
    for (const buffer of kept) buffer.fill(255);
    const tiny = new Uint8Array(6).fill(7);
    parts.add(tiny, false);
    tiny.fill(255);
    const last = new Uint8Array(3000).fill(9);
    parts.add(last, false);
    parts.add(new Uint8Array([1, 2, 3]), false);
    const data = parts.join();
    expect(data).toHaveLength(100 * 50 + 6 + 3000 + 3);
    expect([data[0], data[4999], data[5000], data[5006], data[8006], data[8008]]).toEqual([0, 99, 7, 9, 1, 3]);
  });

  it('H2: a declared total reserves no memory, and a second one waits for the room that the first was given', () => {
    const control = new ControlQueue();
    const terms = {
      maxPacketBytes: MIB,
      maxMessageBytes: MIB,
      initialChannelCredit: 16_384,
      poolBytes: MIB + 8192,
      maxOpenChannels: 64,
    };
    const receiver = new MuxReceiver(terms, MIB, { control, raiseBarrier: () => undefined }, []);
    for (const channel of [0, 1, 2]) {
      const fields = channel === 0 ? undefined : { name: `channel ${channel}` };
      expect(
        receiver.dataStart({ ...head, channel, total: MIB, fields, fieldsBytes: 20, payloadBytes: 1 }),
      ).toBeUndefined();
      expect(receiver.dataPayload(new Uint8Array(1))).toBeUndefined();
      expect(receiver.dataEnd()).toBeUndefined();
    }
    receiver.endTurn();
    const credit = new Uint8Array(1000);
    const end = control.fill(credit, 0);
    expect([...credit.subarray(0, end)]).toEqual([
      ...encodeControl({ type: 'credit', channel: 0, limit: MIB + 84 + 16_384 }),
    ]);
  });

  it('H4: one CREDIT a channel waits, whatever the peer sends and never acknowledges', () => {
    const control = new ControlQueue();
    for (let i = 1; i < 3000; i++) {
      for (const channel of [0, 1, 2]) control.push({ type: 'credit', channel, limit: 16_384 + i });
    }
    expect(control.bytes).toBeLessThan(40);
    const target = new Uint8Array(100);
    const end = control.fill(target, 0);
    expect(control.bytes).toBe(0);
    expect(control.fill(target, end)).toBe(end);
  });

  it('H4: what we have to say stops at a bound when the peer acknowledges nothing, and so do the numbers it may open', () => {
    const pair = new Pair({ acceptor: { terms: { maxOpenChannels: 8 } } }).connect();
    let violation: string | undefined;
    for (let number = 1; violation === undefined && number < 200_000; number++) {
      const name = new TextEncoder().encode(`n${number}`);
      const data = new Uint8Array(100);
      const end = writeDataHead(data, 0, number, 3, 0, undefined, new Uint8Array([1, name.length, ...name]));
      inject(
        pair,
        'acceptor',
        new Uint8Array([...data.subarray(0, end), ...encodeControl({ type: 'retire', channel: number })]),
      );
      pair.read('acceptor');
      pair.write('acceptor');
      pair.wire.acceptor = [];
      violation = pair.seen('acceptor', 'violation')[0]?.name;
    }
    expect(violation).toBe('too-many-channels');
    expect(pair.acceptor.link.streamEnd).toBeLessThan(200_000);
  });
});
