import { describe, expect, test } from 'vitest';
import type { IncomingMessage } from '../../src/session/mux/incoming-message.ts';
import { bufferBytes, countAlive } from '../support/collect-garbage.ts';
import { patternBytes } from '../support/pattern-bytes.ts';
import { INITIAL, ReceiverBench } from '../support/receiver-bench.ts';

/** The one message that is told of. */
function only(bench: ReceiverBench): IncomingMessage {
  const told = bench.told();
  expect(told).toHaveLength(1);
  return told[0] as IncomingMessage;
}

describe('a message', () => {
  test('is told of at its first frame, once, and the next one of its channel when it was taken', () => {
    const bench = new ReceiverBench();
    bench.start(0, 10);
    const first = only(bench);
    bench.frame(0, 10, { fin: true });
    bench.start(0, 5, { fin: true });
    bench.start(1, 5, { name: 'other' });
    expect(bench.told().map(({ channel }) => channel.name)).toEqual(['other']);
    bench.receiver.stream(first);
    expect(bench.told()).toEqual([]);
    expect(bench.read(first)).toHaveLength(20);
    expect(only(bench)).toMatchObject({ ordinal: 1, isWhole: true });
  });

  test.each<[string, (bench: ReceiverBench, message: IncomingMessage) => void]>([
    [
      'collected',
      (bench, message) => {
        bench.receiver.collect(message);
        bench.receiver.takeData(message);
      },
    ],
    ['handed over', (bench) => bench.handed()],
    [
      'rejected',
      (bench, message) => {
        bench.receiver.reject(message, '');
      },
    ],
    [
      'streamed',
      (bench, message) => {
        bench.receiver.stream(message);
        bench.read(message);
      },
    ],
  ])('that was %s leaves nothing behind', async (_name, take) => {
    const bench = new ReceiverBench();
    const refs: WeakRef<object>[] = [];
    for (let count = 0; count < 50; count++) {
      expect(bench.whole(0, 1000)).toBeUndefined();
      const message = only(bench);
      refs.push(new WeakRef(message));
      take(bench, message);
      bench.endTurn();
    }
    bench.effects.splice(0);
    expect(await countAlive(refs)).toBeLessThanOrEqual(1);
    expect(bench.receiver.heldBytes).toBe(0);
  });

  test('in two small frames that waits whole holds no more than it is', () => {
    const bench = new ReceiverBench({ initialChannelCredit: 1 << 20 });
    const before = bufferBytes();
    for (let count = 0; count < 5000; count++) {
      bench.start(0, 1);
      bench.frame(0, 1, { fin: true });
    }
    expect(bufferBytes() - before).toBeLessThan(1 << 20);
    expect(bench.handed()).toHaveLength(5000);
  });

  test('that is streamed tells of each piece, also where one frame comes in many', () => {
    const bench = new ReceiverBench();
    const { receiver } = bench;
    const head = {
      channel: 0,
      first: true,
      fin: true,
      text: false,
      total: undefined,
      fields: undefined,
      fieldsBytes: 0,
    };
    receiver.dataStart({ ...head, payloadBytes: 10_000 });
    const message = only(bench);
    receiver.stream(message);
    receiver.dataPayload(patternBytes(4000));
    expect(bench.effects).toEqual([{ kind: 'incoming', incoming: message }]);
    expect(bench.read(message)).toHaveLength(4000);
    receiver.dataPayload(patternBytes(6000));
    expect(message.isWhole).toBe(false);
    receiver.dataEnd();
    expect(bench.effects.length).toBeGreaterThan(1);
    expect(bench.read(message)).toHaveLength(6000);
    expect(message.isTaken).toBe(true);
  });
});

describe('a message that turns out to be too big', () => {
  test.each(['collect', 'stream', 'takeWhole'] as const)('in its last frame is told of, by %s', (use) => {
    const bench = new ReceiverBench({ maxWholeBytes: 1000 });
    bench.start(0, 900);
    const message = only(bench);
    if (use === 'stream') bench.receiver.stream(message, 1000);
    else bench.receiver[use](message);
    bench.endTurn();
    bench.effects.splice(0);
    expect(bench.frame(0, 101, { fin: true })).toBeUndefined();
    expect(bench.effects).toEqual([{ kind: 'incoming', incoming: message }]);
    expect(message).toMatchObject({ use: 'dropped', end: undefined });
    bench.endTurn();
    expect(bench.answers('reject')).toEqual([
      { type: 'reject', channel: 0, ordinal: 0, code: 1, value: 1000, reason: '' },
    ]);
    expect(bench.whole(0, 'next')).toBeUndefined();
    expect(only(bench).ordinal).toBe(1);
  });

  test('is refused where it stands, and exactly the limit is not', () => {
    for (const isKnown of [true, false]) {
      const bench = new ReceiverBench({ maxWholeBytes: 1000 });
      for (const [ordinal, size] of [1000, 1001].entries()) {
        bench.start(0, 900, { total: isKnown ? size : undefined });
        const message = only(bench);
        bench.receiver.collect(message);
        expect(message.use).toBe(isKnown && size > 1000 ? 'dropped' : 'collected');
        expect(bench.frame(0, size - 900, { fin: true })).toBeUndefined();
        expect([ordinal, message.use]).toEqual([ordinal, size > 1000 ? 'dropped' : 'collected']);
        if (size === 1000) expect(bench.receiver.takeData(message)).toHaveLength(1000);
        bench.endTurn();
      }
      expect(bench.answers('reject')).toHaveLength(1);
      expect(bench.receiver.heldBytes).toBe(0);
    }
  });

  test('but was whole before anybody could say so is taken', () => {
    const bench = new ReceiverBench({ maxWholeBytes: 1000 });
    bench.whole(0, 5000);
    const message = only(bench);
    bench.endTurn();
    bench.receiver.collect(message);
    expect(bench.receiver.takeData(message)).toHaveLength(5000);
    expect(bench.answers('reject')).toEqual([]);
  });

  test('is refused over the larger limit of streams, too', () => {
    const bench = new ReceiverBench({ maxWholeBytes: 1000, maxMessageBytes: 5000 });
    bench.start(0, 4000);
    const message = only(bench);
    bench.receiver.stream(message);
    expect(bench.read(message)).toHaveLength(4000);
    bench.frame(0, 1000);
    expect(message.use).toBe('streamed');
    bench.frame(0, 1);
    expect(message).toMatchObject({ use: 'dropped', maxBytes: 5000 });
    bench.endTurn();
    expect(bench.answers('reject')).toMatchObject([{ code: 1, value: 5000 }]);
  });

  test('has the initial credit only while nobody has said what becomes of it, and goes on as a stream', () => {
    const bench = new ReceiverBench({ maxWholeBytes: 50_000, maxMessageBytes: 1 << 30, poolBytes: 1 << 20 });
    bench.start(0, INITIAL - 64, { total: 1 << 20 });
    bench.blocked(0);
    bench.endTurn();
    expect(bench.answers('credit')).toEqual([]);
    const message = only(bench);
    bench.endTurn();
    expect(bench.answers('credit')).toEqual([]);
    bench.receiver.stream(message);
    expect(bench.read(message)).toHaveLength(INITIAL - 64);
    bench.endTurn();
    expect(bench.limit(0)).toBeGreaterThanOrEqual(2 * INITIAL);
  });
});

describe('CANCEL', () => {
  test('throws away what came, and tells why', () => {
    const bench = new ReceiverBench();
    bench.start(0, 1000);
    const message = only(bench);
    bench.receiver.stream(message);
    bench.effects.splice(0);
    expect(bench.cancel(0, 0, 1, 'gone')).toBeUndefined();
    expect(message.end).toMatchObject({ code: 1, reason: 'gone' });
    expect(bench.effects).toEqual([{ kind: 'incoming', incoming: message }]);
    expect(bench.read(message)).toHaveLength(0);
    expect(bench.receiver.heldBytes).toBe(0);
  });

  test('many times in a row on one channel costs no credit', () => {
    for (const total of [100_000, undefined]) {
      const bench = new ReceiverBench({ maxWholeBytes: 200_000, poolBytes: 300_000 });
      let used = 0;
      for (let ordinal = 0; ordinal < 500; ordinal++) {
        const bytes = ordinal % 3 === 0 ? 0 : Math.min(7000, bench.limit(0) - used - 64);
        expect(bench.start(0, bytes, { total })).toBeUndefined();
        const [message] = bench.told();
        if (ordinal % 2 === 0) bench.receiver.stream(message as IncomingMessage);
        else bench.receiver.collect(message as IncomingMessage);
        if (ordinal % 5 === 0) bench.read(message as IncomingMessage);
        bench.endTurn();
        expect(bench.cancel(0, ordinal)).toBeUndefined();
        used += 64 + (total ?? bytes);
        bench.endTurn();
        expect(bench.limit(0) - used).toBeGreaterThanOrEqual(INITIAL / 2);
        expect(bench.receiver.heldBytes).toBe(0);
      }
      expect(bench.start(1, 1, { name: 'big', total: 200_000 })).toBeUndefined();
      bench.receiver.collect(only(bench));
      bench.endTurn();
      expect(bench.limit(1)).toBeGreaterThan(200_000);
    }
  });

  test('after REJECT leaves nothing to be told', () => {
    const bench = new ReceiverBench();
    bench.start(0, 1000, { total: 5000 });
    const message = only(bench);
    bench.receiver.reject(message, 'no');
    bench.frame(0, 1000);
    bench.effects.splice(0);
    bench.cancel(0, 0);
    expect(bench.effects).toEqual([]);
    bench.endTurn();
    expect(bench.answers('reject')).toEqual([
      { type: 'reject', channel: 0, ordinal: 0, code: 0, value: 0, reason: 'no' },
    ]);
    expect(bench.limit(0)).toBeGreaterThanOrEqual(5064 + INITIAL / 2);
  });
});

describe('the end of the session', () => {
  test('ends what is half here, and leaves what is whole', () => {
    const bench = new ReceiverBench();
    bench.whole(0, 'whole');
    bench.whole(0, 'behind');
    bench.start(1, 'half', { name: 'half' });
    const [whole, half] = bench.told();
    bench.receiver.stream(whole as IncomingMessage);
    bench.receiver.abandon('over');
    expect(half?.end).toEqual({ reason: 'over' });
    expect(Buffer.from(bench.read(whole as IncomingMessage)).toString()).toBe('whole');
    bench.receiver.collect(only(bench));
    expect(bench.receiver.heldBytes).toBe(64 + 6);
  });
});

describe('a name that is used again', () => {
  test('while the old number is unread keeps the order', () => {
    const bench = new ReceiverBench();
    bench.whole(1, 'first', { name: 'n' });
    bench.whole(1, 'second');
    const first = only(bench);
    bench.receiver.stream(first);
    bench.retire(1);
    bench.whole(2, 'third', { name: 'n' });
    bench.endTurn();
    expect(bench.told()).toEqual([]);
    expect(bench.answers('retired')).toEqual([]);
    expect(Buffer.from(bench.read(first)).toString()).toBe('first');
    expect(only(bench)).toMatchObject({ ordinal: 1 });
    expect(bench.handed()).toEqual(['second', 'third']);
    bench.endTurn();
    expect(bench.answers('retired')).toEqual([{ type: 'retired', channel: 1 }]);
  });

  test('twice, and nothing is left of the number in the middle, goes on with the last', () => {
    const bench = new ReceiverBench();
    bench.whole(1, 'first', { name: 'n' });
    const first = only(bench);
    bench.receiver.stream(first);
    bench.retire(1);
    bench.start(2, 'given up', { name: 'n' });
    bench.cancel(2, 0);
    bench.retire(2);
    bench.whole(3, 'last', { name: 'n' });
    bench.endTurn();
    expect(bench.told()).toEqual([]);
    bench.read(first);
    bench.endTurn();
    expect(bench.answers('retired').map(({ channel }) => channel)).toEqual([1, 2]);
    expect(only(bench).channel.number).toBe(3);
    expect(bench.handed()).toEqual(['last']);
  });
});

describe('room in the pool', () => {
  test('is given to a message whose channel waits behind another one that is streamed, or given up', () => {
    for (const use of ['stream', 'reject'] as const) {
      const bench = new ReceiverBench();
      bench.whole(0, 1000);
      const first = only(bench);
      bench.start(0, 1000, { total: 500_000 });
      bench.endTurn();
      if (use === 'stream') bench.receiver.stream(first);
      else bench.receiver.reject(first, '');
      bench.endTurn();
      bench.read(first);
      bench.receiver.takeWhole(only(bench));
      bench.endTurn();
      expect(bench.limit(0)).toBeGreaterThanOrEqual(64 + 1000 + 64 + 500_000);
    }
  });

  test('goes to the older message, also where the channel of the newer one has waited before', () => {
    const bench = new ReceiverBench({ poolBytes: (1 << 20) + 8192 });
    const take = (): void => {
      for (const message of bench.told()) bench.receiver.takeWhole(message);
    };
    bench.start(1, 16_000, { name: 'a' });
    take();
    bench.endTurn();
    // Two things happen in one turn: something is handed over, and the message that had room is over.
    bench.whole(0, 'x');
    take();
    expect(bench.handed()).toEqual(['x']);
    bench.frame(1, 0, { fin: true });
    expect(bench.handed()).toHaveLength(1);
    bench.start(2, 1, { name: 'holds', total: 1_000_000 });
    take();
    bench.endTurn();
    bench.start(3, 1, { name: 'older', total: 900_000 });
    bench.start(1, 1, { total: 900_000 });
    take();
    bench.endTurn();
    expect([bench.limit(1) > 900_000, bench.limit(3) > 900_000]).toEqual([false, false]);
    bench.cancel(2, 0);
    bench.endTurn();
    expect([bench.limit(1) > 900_000, bench.limit(3) > 900_000]).toEqual([false, true]);
  });
});

describe('very many small messages', () => {
  const count = 60_000;
  const options = { initialChannelCredit: 64 * count + 20_000 };
  /** What is taken one by one takes time in proportion: a hundred times the work is far from it. */
  const MAX_MS = 3000;

  test.each<[string, (bench: ReceiverBench) => number]>([
    ['handed over', (bench) => bench.handed().length],
    [
      'streamed',
      (bench) => {
        let streamed = 0;
        for (let message = bench.receiver.nextIncoming(); message; message = bench.receiver.nextIncoming()) {
          bench.receiver.stream(message);
          bench.read(message);
          streamed++;
        }
        return streamed;
      },
    ],
  ])('that wait on one channel are %s without delay', (_name, take) => {
    const bench = new ReceiverBench(options);
    for (let index = 0; index < count; index++) bench.whole(0, 0);
    const startMs = performance.now();
    expect(take(bench)).toBe(count);
    expect(performance.now() - startMs).toBeLessThan(MAX_MS);
  });

  test('that are given up behind an unread one leave nothing, and the order of the others is kept', () => {
    const bench = new ReceiverBench();
    bench.start(0, 'first', { fin: true });
    const first = only(bench);
    bench.receiver.stream(first);
    for (let ordinal = 1; ordinal <= 90; ordinal++) {
      if (ordinal % 3 === 0) {
        bench.whole(0, `m${ordinal}`);
        continue;
      }
      bench.start(0, 'given up');
      bench.cancel(0, ordinal);
    }
    expect(bench.receiver.heldBytes).toBeLessThan(31 * (64 + 5));
    bench.read(first);
    const got: unknown[] = [];
    for (const message of bench.told()) got.push(message.ordinal);
    expect(got).toEqual([3]);
    expect(bench.handed()).toEqual(Array.from({ length: 30 }, (_, index) => `m${3 * (index + 1)}`));
    expect(bench.receiver.heldBytes).toBe(0);
  });
});

describe('messages of a length that is not known', () => {
  const maxWholeBytes = 100_000;

  /** Begins one on each of two channels; the first has room, and the second says that it would need some. */
  function begin(spareBytes: number): ReceiverBench {
    const bench = new ReceiverBench({ maxWholeBytes, poolBytes: maxWholeBytes + 8192 + spareBytes });
    for (const channel of [1, 2]) {
      expect(bench.start(channel, INITIAL - 64 - 3, { name: `${channel}` })).toBeUndefined();
      for (const message of bench.told()) bench.receiver.takeWhole(message);
      bench.endTurn();
      bench.blocked(channel);
      bench.endTurn();
    }
    expect(bench.limit(1)).toBeGreaterThan(INITIAL);
    return bench;
  }

  test('do not wait for each other where there is room beside the largest', () => {
    const bench = begin(200_000);
    let sent = INITIAL;
    for (; sent < 80_000; sent += 8000) {
      bench.blocked(2);
      bench.endTurn();
      expect(bench.limit(2)).toBeGreaterThanOrEqual(sent + 8000);
      expect(bench.frame(2, 8000)).toBeUndefined();
    }
    expect(bench.frame(2, 0, { fin: true })).toBeUndefined();
    expect(bench.handed()).toHaveLength(1);
  });

  test.each([0, 20_000, 60_000])('leave the first of them what it may need, with %i bytes to spare', (spareBytes) => {
    const bench = begin(spareBytes);
    let sent = INITIAL;
    for (let room = bench.limit(2) - sent; room > 0; room = bench.limit(2) - sent) {
      expect(bench.frame(2, room)).toBeUndefined();
      sent += room;
      bench.blocked(2);
      bench.endTurn();
    }
    // The second one has what is to spare, and no more.
    expect(sent).toBeLessThanOrEqual(INITIAL + spareBytes + 64);
    expect(sent).toBeGreaterThanOrEqual(INITIAL + spareBytes / 4);
    for (let used = INITIAL, left = maxWholeBytes - (INITIAL - 67); left > 0;) {
      const part = Math.min(left, bench.limit(1) - used);
      expect(part).toBeGreaterThan(0);
      expect(bench.frame(1, part)).toBeUndefined();
      used += part;
      left -= part;
      bench.endTurn();
    }
    expect(bench.frame(1, 0, { fin: true })).toBeUndefined();
    expect(bench.handed()).toHaveLength(1);
    bench.endTurn();
    expect(bench.limit(2)).toBeGreaterThan(sent);
  });
});

describe('a peer that does not read', () => {
  test.each(['reject', 'read'] as const)(
    'gets no more credit for what the application does (%s), until it does',
    (act) => {
      const bench = new ReceiverBench();
      let count = 0;
      for (; count < 10_000 && bench.whole(0, 1) === undefined; count++) {
        const message = only(bench);
        if (act === 'reject') {
          bench.receiver.reject(message, 'r'.repeat(500));
        } else {
          bench.receiver.stream(message);
          bench.read(message);
        }
        bench.receiver.endTurn();
      }
      expect(bench.unsaidBytes).toBeLessThan(400 * 1024);
      // What does not add up needs no bound.
      expect(count).toBe(act === 'reject' ? count : 10_000);
      expect(count < 10_000).toBe(act === 'reject');
    },
  );

  test('and reads again gets what it was owed, and so do messages that wait for room', () => {
    const bench = new ReceiverBench();
    let used = 0;
    for (let ordinal = 0; bench.unsaidBytes < 100_000; ordinal++) {
      expect(bench.whole(0, 1)).toBeUndefined();
      used += 65;
      bench.receiver.reject(only(bench), 'r'.repeat(1000));
    }
    expect(bench.start(1, 1, { name: 'n', total: 500_000 })).toBeUndefined();
    bench.receiver.takeWhole(only(bench));
    bench.receiver.endTurn();
    bench.receiver.endTurn();
    // It reads what was written, and what is written then.
    bench.endTurn();
    bench.endTurn();
    expect(bench.limit(1)).toBeGreaterThan(500_000);
    expect(bench.limit(0) - used).toBeGreaterThanOrEqual(INITIAL / 2);
  });
});
