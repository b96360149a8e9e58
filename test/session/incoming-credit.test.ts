import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CreditWorld } from '../support/credit-world.ts';
import type { Manner } from '../support/credit-world.ts';

const MAX_WHOLE = 100_000;

const manner = fc.constantFrom<Manner>('whole', 'whole', 'collect', 'read', 'stream', 'stream', 'wait', 'reject');
const channel = fc.nat({ max: 3 });
const index = fc.nat({ max: 7 });
const send = fc.record({
  kind: fc.constant('send' as const),
  channel,
  bytes: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.constant(Infinity)),
  next: fc.record({
    length: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 3 * MAX_WHOLE })),
    isKnown: fc.boolean(),
  }),
  manner,
});
const step = fc.oneof(
  { weight: 12, arbitrary: send },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'retire' as const), channel }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('read' as const, 'drop' as const), index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('decide' as const), index, manner }) },
);

test('whatever an obedient peer sends and the application does not read, memory is bounded and nobody waits for ever', () => {
  const schedule = fc.record({
    spareBytes: fc.constantFrom(0, 1000, 50_000, 1 << 20),
    steps: fc.array(step, { maxLength: 150 }),
    last: fc.record({
      isKnown: fc.boolean(),
      manner: fc.constantFrom('whole' as const, 'collect' as const, 'read' as const),
    }),
  });
  fc.assert(
    fc.property(schedule, ({ spareBytes, steps, last }) => {
      const world = new CreditWorld(MAX_WHOLE, spareBytes, 4);
      for (const one of steps) {
        if (one.kind === 'send') world.send(one.channel, one.bytes, one.next, one.manner);
        else if (one.kind === 'decide') world.decide(one.index, one.manner);
        else if ('index' in one) world[one.kind](one.index);
        else world[one.kind](one.channel);
      }
      world.finish();
      const length = last.manner === 'read' ? 10 * MAX_WHOLE : MAX_WHOLE;
      for (const isKnown of [last.isKnown, !last.isKnown]) world.arrives(length, isKnown, last.manner);
    }),
    { numRuns: 400 },
  );
  expect.assertions(expect.getState().assertionCalls);
});
