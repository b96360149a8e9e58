import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Priority } from '../../src/session/mux/outgoing-message.ts';
import { PairReader, flow } from '../support/sim/pair-reader.ts';
import { Pair } from '../support/sim/pair.ts';
import { PatternSource } from '../support/sim/pattern-source.ts';
import { scheduleCount, seed } from '../support/sim/run-schedules.ts';

const WEIGHTS: Readonly<Record<Priority, number>> = { high: 16, auto: 4, low: 1 };

/** What may be under way before a message: the window, and a packet of each channel. */
const AHEAD_BYTES = 512 * 1024;

/** Channels that always have more than the path carries, and one message of low priority beside them. */
const crowd = fc.record({
  others: fc.array(fc.constantFrom<Priority>('high', 'high', 'auto', 'low'), { minLength: 1, maxLength: 6 }),
  otherBytes: fc.constantFrom(2000, 20_000, 100_000, 400_000),
  isKnown: fc.boolean(),
  isStreamed: fc.boolean(),
  sizeBytes: fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 80_000 })),
  bytesPerMs: fc.constantFrom(1000, 3000, 10_000),
});

describe('a message of low priority', () => {
  it('gets through in its share of the path, however much there is of others', { timeout: 3_600_000 }, () => {
    fc.assert(
      fc.property(crowd, ({ others, otherBytes, isKnown, isStreamed, sizeBytes, bytesPerMs }) => {
        const pair = new Pair().connect();
        const reader = new PairReader(pair, 'acceptor', () => (isStreamed ? 'stream' : 'collect'));
        const run = (ms: number): void => {
          for (let i = 0; i < ms; i++) {
            while (pair.initiator.bufferedBytes < 200_000 + others.length * otherBytes) {
              others.forEach((priority, index) => {
                const source = new PatternSource(otherBytes, true);
                pair.send('initiator', 0, { source, channel: `${priority} ${index}`, priority });
              });
            }
            flow(pair, 1, bytesPerMs, () => {
              reader.pump();
            });
          }
        };
        run(200);
        const source = new PatternSource(sizeBytes, isKnown);
        const message = pair.send('initiator', 0, { source, channel: 'low', priority: 'low' });
        const sinceMs = pair.nowMs;
        const weights = others.reduce((sum, priority) => sum + WEIGHTS[priority], 1);
        const boundMs = ((sizeBytes + 1000) * weights + AHEAD_BYTES) / bytesPerMs + 100;
        while (!pair.isDelivered('initiator', message)) {
          if (pair.nowMs - sinceMs > boundMs) throw new Error(`not delivered in ${boundMs} ms`);
          run(1);
        }
        if (!reader.isIntact) throw new Error('something came changed');
      }),
      { seed, numRuns: scheduleCount(40, 2500), interruptAfterTimeLimit: 0x7fffffff },
    );
  });
});
