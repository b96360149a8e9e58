import type { CutKind, Direction } from '../support/fault-proxy/direction.ts';
import type { CloseAtMessage, CloseRewrite, LimitAction, MessageLimit, Shape } from '../support/fault-proxy/rules.ts';
import type { UpgradeAnswer } from '../support/fault-proxy/upgrade-answer.ts';
import type { Random } from '../support/sim/random.ts';
import type { ConnectionFault, FaultPlan, LimitStep, ScheduleKind } from './plan.ts';

const MAX_FAULTY_CONNECTIONS = 12;
const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient'];
const CUTS: readonly CutKind[] = ['fin', 'rst'];
/** All that can stand in a Close frame, but for 4900: by that the other side would say that the protocol was broken. */
const CLIENT_CODES: readonly number[] = [
  1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3003, 3008, 4000, 4001, 4901,
  4902, 4903, 4904, 4905, 4906, 4907, 4908, 4909, 4999,
];
/** Those by which a page does not say that the session is over. */
const SERVER_CODES: readonly number[] = CLIENT_CODES.filter((code) => code !== 4906 && code !== 4909 && code !== 1000);
/** What servers that refuse a big message say instead of 1009. */
const LIMIT_CODES: readonly number[] = [1000, 1002, 1005, 1007, 1008, 1011, 1014, 4002];
const SMALLEST_LIMIT = 2048;
const LARGEST_LIMIT = 200_000;
/** With which every handshake fits, and which is taken to pass at first. */
const SAFE_LIMIT = 4096;

type Draw = (random: Random) => ConnectionFault;

/** Draws of which one is made for each connection. */
const DRAWS: Readonly<Record<ScheduleKind, readonly Draw[]>> = {
  cuts: [drawCut],
  closes: [drawClose, drawClose, drawCut],
  upgrades: [drawUpgrade, drawUpgrade, drawCut],
  slow: [drawShape, drawShape, drawShapedCut, drawCut],
  silent: [drawStall, drawHalfOpen, drawSilentCut, drawCut],
  limit: [drawCut],
  'silent-limit': [drawCut],
  'server-limit': [drawCut],
  leave: [drawCut, drawClose],
  pauses: [drawCut],
  mixed: [drawCut, drawClose, drawUpgrade, drawShape, drawStall, drawHalfOpen, drawSilentCut],
};

/** How many of the connections come to harm. */
const SHARE: Partial<Record<ScheduleKind, number>> = {
  limit: 0.3,
  'silent-limit': 0.2,
  'server-limit': 0.3,
  leave: 0.6,
  pauses: 0.4,
};

/** How often all connections end at once, at any time. */
const MOST_ENDINGS: Partial<Record<ScheduleKind, number>> = {
  cuts: 8,
  closes: 6,
  upgrades: 4,
  slow: 2,
  silent: 1,
  limit: 2,
  'server-limit': 2,
  leave: 3,
  pauses: 4,
  mixed: 3,
};

/** Everything that goes wrong in one schedule of that kind. */
export function makeFaults(random: Random, kind: ScheduleKind, quietAtMs: number): FaultPlan {
  const draws = DRAWS[kind];
  const share = SHARE[kind] ?? 0.9;
  const connections = Array.from({ length: MAX_FAULTY_CONNECTIONS }, () => {
    if (!random.chance(share)) return [];
    return random.chance(0.2) ? [random.pick(draws)(random), random.pick(draws)(random)] : [random.pick(draws)(random)];
  });
  const isRewritten = kind === 'closes' || kind === 'limit' || kind === 'server-limit' || kind === 'mixed';
  const mayBeRefused = kind === 'upgrades' || kind === 'mixed';
  return {
    quietAtMs,
    connections,
    limits: makeLimits(random, kind, quietAtMs),
    rewrites: isRewritten && random.chance(0.5) ? [makeRewrite(random)] : [],
    refusals:
      mayBeRefused && random.chance(0.6) ? [{ atMs: random.int(0, quietAtMs), forMs: random.int(20, 200) }] : [],
    endings: makeEndings(random, kind, quietAtMs),
    leaveAtMs: kind === 'leave' ? random.int(10, quietAtMs) : undefined,
    secretPayloadBytes: kind === 'server-limit' ? random.scaled(SAFE_LIMIT, LARGEST_LIMIT) : undefined,
  };
}

function makeEndings(random: Random, kind: ScheduleKind, quietAtMs: number): FaultPlan['endings'] {
  const most = MOST_ENDINGS[kind] ?? 0;
  const isClosed = kind === 'closes' || kind === 'mixed' || kind === 'leave';
  return Array.from({ length: random.int(Math.min(1, most), most) }, () => ({
    atMs: random.int(0, quietAtMs - 1),
    how: isClosed ? random.pick([1014, random.pick(SERVER_CODES), 'fin', 'rst']) : random.pick(CUTS),
  }));
}

function makeLimits(random: Random, kind: ScheduleKind, quietAtMs: number): LimitStep[] {
  if (kind !== 'limit' && kind !== 'silent-limit' && !(kind === 'mixed' && random.chance(0.5))) return [];
  const isSilent = kind !== 'limit';
  const directions = random.pick<readonly Direction[]>([['toServer'], ['toClient'], DIRECTIONS]);
  const times = random.chance(0.5) ? [0] : [0, random.int(30, quietAtMs)];
  return directions.flatMap((direction) =>
    times.map((atMs) => ({ atMs, limit: makeLimit(random, direction, isSilent) })),
  );
}

function makeLimit(random: Random, direction: Direction, isSilent: boolean): MessageLimit {
  const actions: readonly LimitAction[] = isSilent
    ? ['half-open', 'swallow', 'swallow', 'stall', 'close-1009']
    : ['close-1009', 'close-1009', 'close', 'drop'];
  return {
    direction,
    maxBytes: random.scaled(isSilent ? SAFE_LIMIT : SMALLEST_LIMIT, LARGEST_LIMIT),
    how: random.pick(actions),
    code: random.pick(LIMIT_CODES),
    cut: random.pick(CUTS),
    ...makeManner(random),
  };
}

function makeRewrite(random: Random): CloseRewrite {
  return {
    direction: random.pick(DIRECTIONS),
    from: random.chance(0.5) ? 'any' : 1009,
    to: random.pick([1005, 1006, 1011, 1001]),
    cut: random.pick(CUTS),
  };
}

function makeManner(random: Random): Pick<CloseAtMessage, 'afterClose' | 'otherLeg'> {
  return {
    afterClose: random.pick(['drain', 'drain', 'drain', 'fin', 'rst', random.chance(0.2) ? 'stop-reading' : 'rst']),
    otherLeg: random.pick(CUTS),
  };
}

const anyBytes = (random: Random): number => random.scaled(1, 40_000);

function drawCut(random: Random): ConnectionFault {
  return {
    kind: 'cut',
    direction: random.pick(DIRECTIONS),
    afterBytes: anyBytes(random),
    how: random.pick(CUTS),
    told: random.chance(0.15) ? 'client' : 'both',
  };
}

function drawSilentCut(random: Random): ConnectionFault {
  return {
    kind: 'cut',
    direction: random.pick(DIRECTIONS),
    afterBytes: anyBytes(random),
    how: random.pick(CUTS),
    told: random.pick(['client', 'server']),
  };
}

function drawStall(random: Random): ConnectionFault {
  return {
    kind: 'stall',
    direction: random.pick(DIRECTIONS),
    afterBytes: anyBytes(random),
    forMs: random.chance(0.5) ? 0 : random.int(20, 400),
  };
}

function drawHalfOpen(random: Random): ConnectionFault {
  return {
    kind: 'half-open',
    direction: random.pick(DIRECTIONS),
    afterBytes: anyBytes(random),
    isBothWays: random.chance(0.5),
  };
}

function drawShape(random: Random): ConnectionFault {
  const shape = random.pick<() => Shape>([
    () => ({ delayMs: random.int(1, 60) }),
    () => ({ bytesPerSecond: random.scaled(20_000, 5_000_000) }),
    () => ({ delayMs: random.int(1, 30), bytesPerSecond: random.scaled(100_000, 5_000_000) }),
    () => ({ trickle: { bytes: 1, everyMs: random.int(1, 3) } }),
    () => ({ trickle: { bytes: random.scaled(1, 500), everyMs: random.int(1, 20) } }),
  ])();
  return { kind: 'shape', shape, direction: random.pick([...DIRECTIONS, undefined]) };
}

function drawShapedCut(random: Random): ConnectionFault {
  const cut = drawCut(random);
  return cut.kind === 'cut' ? { ...cut, afterBytes: random.scaled(1, 5000) } : cut;
}

function drawClose(random: Random): ConnectionFault {
  const told = random.chance(0.8) ? 'client' : 'server';
  return {
    kind: 'close',
    rule: {
      direction: random.pick(DIRECTIONS),
      message: random.scaled(1, 40),
      code: random.pick(told === 'client' ? CLIENT_CODES : SERVER_CODES),
      when: random.pick(['before', 'after']),
      told,
      ...makeManner(random),
    },
  };
}

function drawUpgrade(random: Random): ConnectionFault {
  const answer = random.pick<() => UpgradeAnswer>([
    () => ({ status: random.pick([502, 503, 404, 500, 429, 403, 301, 200]) }),
    () => ({ garbage: random.pick(['', 'garbage\r\n\r\n', 'HTTP/1.1 101 \u0000\u0001', 'x'.repeat(3000)]) }),
    () => ({ badAccept: true }),
    () => ({ hang: true }),
    () => ({ cut: random.pick(CUTS) }),
    () => ({ truncate: random.int(1, 120) }),
  ])();
  return { kind: 'upgrade', answer };
}
