import { describe, expect, test } from 'vitest';
import { MIN_POOL_MARGIN_BYTES } from '../../src/protocol/limits.ts';
import type { IncomingMessage } from '../../src/session/mux/incoming-message.ts';
import { Pair } from '../support/sim/pair.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const RTT_MS = 100;
const MAX_WHOLE = MIB;

interface Run {
  readonly message: IncomingMessage;
  /** Bytes that arrived in each round trip. */
  readonly arrived: number[];
  /** What was granted beyond what the application had taken, at most. */
  readonly mostAhead: number;
  /** Credit that the application's messages held at any time, at most. */
  readonly mostHeld: number;
}

/** Sends one long message over a path with latency, for so many round trips; `read` is called once in each. */
function run(
  poolBytes: number,
  rounds: number,
  read: (next: () => number | undefined) => void,
  heldRounds = Infinity,
): Run {
  const pair = new Pair({ acceptor: { maxWholeBytes: MAX_WHOLE, terms: { poolBytes } } }).connect();
  pair.send('initiator', 100 * MIB);
  const arrived: number[] = [];
  let message: IncomingMessage | undefined;
  let mostAhead = 0;
  let mostHeld = 0;
  const { receiver } = pair.acceptor;
  for (let round = 0; round < rounds; round++) {
    const before = pair.acceptor.link.received;
    for (const [side, half] of [
      ['initiator', 1],
      ['acceptor', 2],
    ] as const) {
      if (half === 2) {
        const told = receiver.nextIncoming();
        if (told !== undefined) {
          message = told;
          pair.acceptor.stream(told);
        }
        const one = message as IncomingMessage;
        mostHeld = Math.max(mostHeld, receiver.heldBytes);
        if (round < heldRounds) read(() => receiver.read(one)?.length);
        mostAhead = Math.max(mostAhead, one.channel.limitBytes - one.channel.handedBytes);
      }
      pair.write(side);
      pair.nowMs += RTT_MS / 2;
      pair.deliver(side);
      pair.tick();
    }
    arrived.push(pair.acceptor.link.received - before);
  }
  return { message: message as IncomingMessage, arrived, mostAhead, mostHeld };
}

const readAll = (next: () => number | undefined): void => {
  while (next() !== undefined);
};

describe('credit ahead of a reader', () => {
  test('grows to what the path carries in a round trip, as long as all is read, and to 4 MiB at most', () => {
    const { arrived, mostAhead } = run(80 * MIB, 40, readAll);
    expect(arrived[1]).toBeLessThan(40 * KIB);
    // Half of it is granted at a time.
    expect(Math.max(...arrived)).toBeGreaterThan(2 * MIB);
    expect(mostAhead).toBeGreaterThan(4 * MIB - 1);
    expect(mostAhead).toBeLessThanOrEqual(4 * MIB + 16 * KIB);
  });

  test('leaves the largest message its room in the pool', () => {
    const spare = 200 * KIB;
    const { arrived, mostAhead, message } = run(MAX_WHOLE + MIN_POOL_MARGIN_BYTES + spare, 60, readAll);
    expect(mostAhead).toBeGreaterThan(100 * KIB);
    expect(mostAhead).toBeLessThanOrEqual(16 * KIB + spare);
    expect(Math.max(...arrived)).toBeLessThanOrEqual(16 * KIB + spare + KIB);
    expect(message.channel.aheadBytes).toBeLessThanOrEqual(spare);
  });

  test('does not grow where there is nothing to spare', () => {
    const { mostAhead } = run(MAX_WHOLE + MIN_POOL_MARGIN_BYTES, 20, readAll);
    expect(mostAhead).toBe(16 * KIB);
  });

  test('hardly grows for a reader that takes a little at a time, and what is held for it stays small', () => {
    let parts = 0;
    const { mostAhead, mostHeld, arrived } = run(80 * MIB, 400, (next) => {
      if (next() !== undefined) parts++;
    });
    expect(parts).toBeGreaterThan(300);
    expect(mostAhead).toBeLessThanOrEqual(64 * KIB);
    expect(mostHeld).toBeLessThanOrEqual(64 * KIB);
    expect(Math.max(...arrived)).toBeLessThanOrEqual(65 * KIB);
  });

  test('does not grow for one who does not read at all: no more than the initial credit comes', () => {
    const { mostAhead, arrived } = run(80 * MIB, 20, () => undefined);
    expect(mostAhead).toBe(16 * KIB);
    expect(arrived.slice(1).every((bytes) => bytes < 64)).toBe(true);
  });

  test('that has grown is the most that comes when reading stops', () => {
    const { mostHeld, arrived } = run(80 * MIB, 40, readAll, 20);
    expect(mostHeld).toBeLessThanOrEqual(4 * MIB + 16 * KIB);
    expect(mostHeld).toBeGreaterThan(MIB);
    expect(arrived.slice(-5)).toEqual([0, 0, 0, 0, 0]);
  });
});
