import { Random } from '../support/sim/random.ts';
import { makeFaults } from './make-faults.ts';
import type { EndPlan, Fate, Form, MessagePlan, ScheduleKind, SchedulePlan, Span, TakeKind } from './plan.ts';

/** All kinds of schedules, which take turns. */
export const KINDS: readonly ScheduleKind[] = [
  'cuts',
  'closes',
  'upgrades',
  'slow',
  'silent',
  'limit',
  'silent-limit',
  'server-limit',
  'leave',
  'pauses',
  'mixed',
];

/** Those in which an end may have to find out by itself that nothing gets through. */
const SILENT_KINDS: readonly ScheduleKind[] = ['upgrades', 'silent', 'silent-limit', 'mixed'];
const LIMIT_KINDS: readonly ScheduleKind[] = ['limit', 'silent-limit', 'server-limit', 'mixed'];
const TIME_SCALE = 20;
const MAX_BYTES = 8 * 1024 * 1024;
/** Where time passes faster the path is slow: a round trip seems to take so much longer. */
const MAX_SILENT_BYTES = 400_000;
const CHANNELS = ['', 'a', 'b', 'bulk', 'é/ü'] as const;
const FORMS: readonly Form[] = [
  'string',
  'string',
  'string',
  'array-buffer',
  'array-buffer',
  'view',
  'transferred',
  'blob',
  'stream',
  'text-stream',
];
const TAKES: readonly TakeKind[] = ['message', 'message', 'message', 'buffer', 'text', 'blob', 'stream', 'slow-stream'];
/** Sent when all is quiet, so that the limits that were learned are those of the path as it is then. */
const PROBE_BYTES = 150_000;

/** The schedule of that number: the same for the same seed. */
export function makePlan(seed: number, index: number): SchedulePlan {
  const random = new Random((seed ^ Math.imul(index + 1, 0x9e37_79b1)) >>> 0);
  const kind = KINDS[index % KINDS.length] as ScheduleKind;
  const isSilent = SILENT_KINDS.includes(kind);
  const quietAtMs = isSilent ? random.int(300, 1200) : random.int(150, 700);
  // Who leaves early must know where the session is.
  const isEager = random.chance(0.3) && kind !== 'leave';
  const faults = makeFaults(random.fork(), kind, quietAtMs);
  return {
    seed,
    index,
    kind,
    timeScale: isSilent ? TIME_SCALE : 1,
    binaryType: random.pick(['arraybuffer', 'arraybuffer', 'uint8array', 'blob']),
    maxPacketBytes: random.pick([1 << 20, 1 << 20, 65_536, 40_000]),
    isEager,
    page: makeEnd(random.fork(), 'p', kind, quietAtMs, !isEager && kind !== 'leave'),
    server: makeEnd(random.fork(), 's', kind, quietAtMs, true),
    faults,
    // A server that leaves has no more to say.
    closer: kind === 'leave' ? 'page' : random.pick(['page', 'server']),
  };
}

/** @param hasStreams - one that began before there was a session cannot be sent again where that connection is lost */
function makeEnd(random: Random, prefix: string, kind: ScheduleKind, quietAtMs: number, hasStreams: boolean): EndPlan {
  const channels = CHANNELS.slice(0, random.int(1, CHANNELS.length));
  const count = random.int(4, 26);
  const isSilent = SILENT_KINDS.includes(kind);
  const sendMs = quietAtMs * 0.9;
  const maxBytes = isSilent ? MAX_SILENT_BYTES : MAX_BYTES;
  const messages = Array.from({ length: count }, (_, index) => {
    const message = makeMessage(random, `${prefix}${index}`, random.pick(channels), sendMs / count, maxBytes);
    return hasStreams || !message.form.includes('stream') ? message : withoutStream(message);
  });
  if (LIMIT_KINDS.includes(kind)) messages.push(makeProbe(prefix, quietAtMs));
  const takes = Object.fromEntries(CHANNELS.map((channel) => [channel, random.pick(TAKES)]));
  // An end that leaves and does not listen throws away what comes.
  const isPaused = kind === 'pauses' || (random.chance(0.15) && kind !== 'leave');
  return { messages, takes, pauses: isPaused ? makePauses(random, quietAtMs) : [] };
}

function makeMessage(random: Random, id: string, channel: string, meanGapMs: number, maxBytes: number): MessagePlan {
  const byteLength = Math.min(maxBytes, makeLength(random));
  const fate = makeFate(random);
  const form = fate === 'source-fails' ? 'stream' : random.pick(FORMS);
  // Without meta it must be told from all others by its content.
  const hasMeta = byteLength < 16 || byteLength > 4000 || fate !== 'delivered' || random.chance(0.7);
  const more = random.chance(0.1) ? { more: 'm'.repeat(random.int(1, 1500)) } : {};
  return {
    id,
    channel,
    form,
    // A stream without a piece is no text, and one that fails must begin.
    byteLength: fate === 'source-fails' || form === 'text-stream' ? Math.max(1, byteLength) : byteLength,
    seed: random.int(1, 2 ** 31),
    priority: random.pick(['high', 'auto', 'auto', 'low']),
    meta: hasMeta ? { id, ...more } : undefined,
    gapMs: random.chance(0.5) ? 0 : random.next() * 4 * meanGapMs,
    fate,
    fateAfterMs: random.chance(0.3) ? 0 : random.int(0, 60),
  };
}

function withoutStream(message: MessagePlan): MessagePlan {
  const { form, fate } = message;
  return {
    ...message,
    form: form === 'stream' ? 'blob' : 'string',
    fate: fate === 'source-fails' ? 'delivered' : fate,
  };
}

function makeProbe(prefix: string, quietAtMs: number): MessagePlan {
  return {
    id: `${prefix}-probe`,
    channel: 'bulk',
    form: 'array-buffer',
    byteLength: PROBE_BYTES,
    seed: quietAtMs,
    priority: 'auto',
    meta: { id: `${prefix}-probe` },
    // Behind all others, which take about as long as there are faults.
    gapMs: quietAtMs / 2,
    fate: 'delivered',
    fateAfterMs: 0,
  };
}

function makeLength(random: Random): number {
  const chance = random.next();
  if (chance < 0.08) return 0;
  if (chance < 0.75) return random.scaled(1, 3000);
  if (chance < 0.95) return random.scaled(3000, 120_000);
  if (chance < 0.992) return random.scaled(120_000, 1_200_000);
  return random.scaled(1_200_000, MAX_BYTES);
}

function makeFate(random: Random): Fate {
  const chance = random.next();
  if (chance < 0.88) return 'delivered';
  if (chance < 0.92) return 'aborted';
  if (chance < 0.95) return 'signalled';
  return chance < 0.97 ? 'source-fails' : 'rejected';
}

function makePauses(random: Random, quietAtMs: number): Span[] {
  return Array.from({ length: random.int(1, 3) }, () => ({
    atMs: random.int(0, quietAtMs),
    forMs: random.int(20, 250),
  })).sort((a, b) => a.atMs - b.atMs);
}
