import { contentOf } from './content.ts';
import type { Content } from './content.ts';
import type { EndPlan, Fate, MessagePlan, SchedulePlan } from './plan.ts';
import type { EndReport, ReceivedReport } from './report.ts';

/** How the sending of a message may end, by what was to become of it. */
const OUTCOMES: Readonly<Record<Fate, readonly string[]>> = {
  delivered: ['delivered'],
  aborted: ['delivered', 'ERR_ABORTED'],
  signalled: ['delivered', 'ERR_ABORTED'],
  'source-fails': ['ERR_SOURCE'],
  rejected: ['delivered', 'ERR_REJECTED'],
};

/** How the coming in of a message may end. */
const ARRIVALS: Readonly<Record<Fate, readonly string[]>> = {
  delivered: ['whole'],
  aborted: ['whole', 'cancelled by aborted'],
  signalled: ['whole', 'cancelled by aborted'],
  'source-fails': ['cancelled by source-failed'],
  rejected: ['rejected'],
};

/** What a message that was sent again after a session had ended may have come to before. */
const REFUSED = 'ERR_CLOSED';

/** What of the two ends' reports must not be: each message once, in order, intact, and settled as it was meant to. */
export function checkReports(plan: SchedulePlan, page: EndReport, server: EndReport): string[] {
  return [
    ...page.problems.map((problem) => `page: ${problem}`),
    ...server.problems.map((problem) => `server: ${problem}`),
    ...checkDirection('page to server', plan.page, page, server),
    ...checkDirection('server to page', plan.server, server, page),
  ];
}

function checkDirection(name: string, plan: EndPlan, sender: EndReport, receiver: EndReport): string[] {
  const violations: string[] = [];
  const complain = (id: string, text: string): void => {
    violations.push(`${name}: ${id} ${text}`);
  };
  const planOf = new Map(plan.messages.map((message) => [message.id, message]));
  const contents = new Map(plan.messages.map((message) => [message.id, contentOf(message)]));
  const arrivals = identify(plan, contents, receiver.received, (text) => {
    complain('a message', text);
  });

  for (const { id, outcome } of sender.sent) {
    const { fate } = planOf.get(id) as MessagePlan;
    const isSentAgain = outcome === REFUSED && sender.sent.filter((each) => each.id === id).length > 1;
    if (!isSentAgain && !OUTCOMES[fate].includes(outcome)) complain(id, `(${fate}) ended as ${outcome}`);
    if (outcome !== 'delivered') continue;
    const arrived = arrivals.get(id)?.map((each) => each.report.outcome) ?? [];
    const isThere = arrived.some((each) => each === 'whole' || each === 'rejected');
    if (!isThere) complain(id, `was told to be delivered, and is: ${arrived.join() || 'nowhere'}`);
  }
  for (const { id } of plan.messages) {
    if (!sender.sent.some((each) => each.id === id)) complain(id, 'was never sent');
  }
  for (const [id, reports] of arrivals) {
    const message = planOf.get(id) as MessagePlan;
    // The first sending may have begun, and have been cancelled with its session.
    const ended = reports.filter(({ report }) => report.outcome !== 'cancelled by closing');
    if (ended.length > 1) complain(id, `came ${ended.length} times`);
    for (const { report } of ended)
      checkArrival(message, contents.get(id) as Content, report, sender.lostSessions.length > 0, complain);
  }
  violations.push(...checkOrder(name, sender, arrivals));
  return violations;
}

/** One that came in, and its place among all that came. */
interface Arrival {
  readonly report: ReceivedReport;
  readonly place: number;
}

/** By id: that of the meta, or that of what has such a content. */
function identify(
  plan: EndPlan,
  contents: ReadonlyMap<string, Content>,
  received: readonly ReceivedReport[],
  complain: (text: string) => void,
): Map<string, Arrival[]> {
  const bare = new Map<string, string>();
  for (const { id, meta } of plan.messages) if (meta === undefined) bare.set((contents.get(id) as Content).hash, id);
  const arrivals = new Map<string, Arrival[]>();
  received.forEach((report, place) => {
    const id = report.meta === undefined ? bare.get(report.hash) : (report.meta as { id?: string }).id;
    if (id === undefined || !contents.has(id)) {
      complain(`that nobody sent came: ${JSON.stringify(report)}`);
      return;
    }
    arrivals.set(id, [...(arrivals.get(id) ?? []), { report, place }]);
  });
  return arrivals;
}

function checkArrival(
  { id, fate, channel, meta }: MessagePlan,
  content: Content,
  report: ReceivedReport,
  mayBeMarked: boolean,
  complain: (id: string, text: string) => void,
): void {
  const { outcome } = report;
  if (!ARRIVALS[fate].includes(outcome)) complain(id, `(${fate}) came in as ${outcome}`);
  if (report.isMarked && !mayBeMarked) complain(id, 'is marked as a possible duplicate');
  if (report.channel !== channel) complain(id, `came on channel ${report.channel} instead of ${channel}`);
  if (JSON.stringify(report.meta) !== JSON.stringify(meta)) complain(id, `came with ${JSON.stringify(report.meta)}`);
  if (report.isText !== content.isText) complain(id, `came ${report.isText ? 'as text' : 'as bytes'}`);
  if (outcome !== 'whole') return;
  if (report.byteLength !== content.byteLength) {
    complain(id, `has ${report.byteLength} bytes instead of ${content.byteLength}`);
  } else if (report.hash !== content.hash) complain(id, `(${content.byteLength} bytes) is not what was sent`);
}

/** Within a session, each channel keeps the order of sending. */
function checkOrder(name: string, sender: EndReport, arrivals: ReadonlyMap<string, Arrival[]>): string[] {
  const sentAt = new Map<string, number>();
  sender.sent.forEach(({ id, outcome }, place) => {
    if (outcome !== REFUSED) sentAt.set(id, place);
  });
  const inOrder = [...arrivals]
    .flatMap(([id, reports]) => reports.map((arrival) => ({ id, ...arrival })))
    .filter(({ report }) => report.outcome !== 'cancelled by closing')
    .sort((a, b) => a.place - b.place);
  const last = new Map<string, { id: string; sent: number }>();
  const violations: string[] = [];
  for (const { id, report } of inOrder) {
    const key = `${report.session} ${report.channel}`;
    const before = last.get(key);
    const sent = sentAt.get(id) ?? -1;
    if (before !== undefined && before.sent > sent) {
      violations.push(`${name}: ${before.id} overtook ${id} on channel ${report.channel || 'default'}`);
    }
    last.set(key, { id, sent });
  }
  return violations;
}
