import fc from 'fast-check';
import type { Schedule, WaySchedule } from './world.ts';

/** Limits as servers and gateways have them, on and off the ladder of powers of two. HELLO must pass. */
const limit: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072, 1 << 20),
  fc.integer({ min: 1024, max: 200_000 }),
);

const way: fc.Arbitrary<WaySchedule> = fc.record({
  latencyMs: fc.constantFrom(1, 5, 20, 80, 300),
  bytesPerMs: fc.constantFrom(5000, 1000, 200, 40),
  limits: fc.array(limit, { minLength: 1, maxLength: 4 }),
});

const rarely = (max: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max }) });

const WHOLE = { maxWholeBytes: 2_200_000, maxMessageBytes: 2_200_000 };

/** What is taken whole, and what at all: large messages fit neither, or only the pool, or only as they come. */
const sizes: fc.Arbitrary<Pick<Schedule, 'maxWholeBytes' | 'maxMessageBytes'>> = fc.constantFrom(
  WHOLE,
  { maxWholeBytes: 2_200_000, maxMessageBytes: Number.MAX_SAFE_INTEGER },
  { maxWholeBytes: 90_000, maxMessageBytes: Number.MAX_SAFE_INTEGER },
  { maxWholeBytes: 60_000, maxMessageBytes: Number.MAX_SAFE_INTEGER },
  { maxWholeBytes: 5000, maxMessageBytes: Number.MAX_SAFE_INTEGER },
  { maxWholeBytes: 20_000, maxMessageBytes: 150_000 },
  { maxWholeBytes: 5000, maxMessageBytes: 10_000 },
);

const manners = fc.constantFrom('whole', 'mixed', 'mixed');

/** Everything that can go wrong, in every mixture. */
const anyEvents: fc.Arbitrary<Omit<Schedule, keyof typeof WHOLE>> = fc.record({
  seed: fc.nat({ max: 2 ** 31 - 1 }),
  up: way,
  down: way,
  refusal: fc.constantFrom('1009', 'often-1006', 'other-code', 'swallow', 'mixed'),
  dropsUpstream: fc.boolean(),
  cuts: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })),
  outages: rarely(3),
  restarts: rarely(2),
  hasTombstones: fc.boolean(),
  impatience: fc.constantFrom(0, 0, 0, 0.3),
  authorizeMs: fc.constantFrom(0, 10, 300),
  sendsEarly: fc.boolean(),
  resendsAfterLoss: fc.boolean(),
  messages: fc.record({ up: fc.integer({ min: 0, max: 25 }), down: fc.integer({ min: 0, max: 25 }) }),
  maxSizeBytes: fc.constantFrom(1000, 60_000, 60_000, 300_000, 300_000, 2_000_000),
  channels: fc.integer({ min: 1, max: 10 }),
  abortShare: fc.constantFrom(0, 0, 0.2, 0.7),
  streamShare: fc.constantFrom(0.15, 0.15, 0.6),
  breakShare: fc.constantFrom(0, 0.3),
  ttlShare: fc.constantFrom(0, 0, 0.3),
  readers: fc.record({
    up: fc.constantFrom('at once', 'at once', 'slow', 'late'),
    down: fc.constantFrom('at once', 'at once', 'slow', 'late'),
  }),
  manners: fc.record({ up: manners, down: manners }),
  poolMarginBytes: fc.constantFrom(8192, 12_000, 100_000, 4_000_000),
  maxOpenChannels: fc.constantFrom(2, 3, 4, 64),
  goesAway: fc.constantFrom(false, false, false, true),
  closes: fc.constantFrom('nobody', 'nobody', 'initiator', 'acceptor', 'both'),
});

export const anySchedule: fc.Arbitrary<Schedule> = fc
  .tuple(anyEvents, sizes)
  .map(([events, limits]) => ({ ...events, ...limits }));

const fastWay: fc.Arbitrary<WaySchedule> = fc.record({
  latencyMs: fc.constantFrom(1, 5, 20),
  bytesPerMs: fc.constant(50_000),
  limits: limit.map((bytes) => [bytes]),
});

/** Bulk both ways over a fast path on which nothing goes wrong but its limits. */
export const calmSchedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat({ max: 2 ** 31 - 1 }),
  up: fastWay,
  down: fastWay,
  refusal: fc.constant('1009'),
  dropsUpstream: fc.constant(false),
  cuts: fc.constant(0),
  outages: fc.constant(0),
  restarts: fc.constant(0),
  hasTombstones: fc.constant(false),
  impatience: fc.constant(0),
  authorizeMs: fc.constant(0),
  sendsEarly: fc.boolean(),
  resendsAfterLoss: fc.constant(false),
  messages: fc.constant({ up: 10, down: 10 }),
  maxSizeBytes: fc.constant(2_000_000),
  channels: fc.constant(2),
  abortShare: fc.constant(0),
  streamShare: fc.constant(0),
  breakShare: fc.constant(0),
  ttlShare: fc.constant(0),
  manners: fc.constant({ up: 'whole', down: 'whole' }),
  maxWholeBytes: fc.constant(WHOLE.maxWholeBytes),
  maxMessageBytes: fc.constant(WHOLE.maxMessageBytes),
  poolMarginBytes: fc.constantFrom(8192, 100_000, 4_000_000),
  readers: fc.constant({ up: 'at once', down: 'at once' }),
  maxOpenChannels: fc.constant(64),
  goesAway: fc.constant(false),
  closes: fc.constant('nobody'),
});
