import { checkLimits } from './check-limits.ts';
import { checkReports } from './check.ts';
import { makePlan } from './make-plan.ts';
import type { PageLink } from './page-link.ts';
import type { SchedulePlan } from './plan.ts';
import type { EndReport } from './report.ts';
import { CLEAN_END, ScheduleRig } from './schedule-rig.ts';

/** Nothing is timed: it only ends what hangs. */
const HANG_MS = 40_000;

/** How one schedule went. */
export interface ScheduleResult {
  readonly plan: SchedulePlan;
  readonly page: EndReport | undefined;
  readonly server: EndReport;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  /** What the proxy did, line by line. */
  readonly proxyLog: readonly string[];
  readonly connections: number;
  readonly tookMs: number;
}

/** Runs one schedule in a page, and checks what both ends say of it. */
export async function runSchedule(link: PageLink, seed: number, index: number): Promise<ScheduleResult> {
  const plan = makePlan(seed, index);
  const startMs = performance.now();
  const rig = await ScheduleRig.start(plan);
  const violations: string[] = [];
  let page: EndReport | undefined;
  try {
    const isDone = await beforeHang(
      Promise.all([link.call('begin', { seed, index, url: rig.proxy.url }), rig.run()]),
      () => violations.push(`it hangs; the server waits: ${rig.end.unfinished}`),
    );
    if (isDone) {
      const isPageCloser = plan.closer === 'page';
      const pageOver = link.call<EndReport>('finish', { index, isCloser: isPageCloser }).then((report) => {
        page = report;
      });
      await beforeHang(Promise.all([pageOver, rig.finish(!isPageCloser, pageOver)]), () =>
        violations.push('the end of the session hangs'),
      );
    }
    page ??= (await link.call<EndReport | null>('abandon', { index })) ?? undefined;
    const server = rig.end.report();
    if (page === undefined) violations.push('the page has no report');
    else violations.push(...checkReports(plan, page, server), ...checkEnds(page, server));
    if (page !== undefined) violations.push(...checkLimits(plan, page, server, rig.proxy.log));
    // With a first HELLO that got lost, the server cannot know the session; what went out with it is marked then.
    const lost = page?.lostSessions.filter((id) => rig.sessionIds.has(id)) ?? [];
    violations.push(...lost.map((id) => `the server lost session ${id}`));
    const tookMs = performance.now() - startMs;
    const proxyLog = rig.proxy.log.map(
      ({ connection, what, atMs, detail }) => `${atMs.toFixed(0)} ms #${connection} ${what} ${detail}`,
    );
    const { connections } = rig.proxy;
    const faults = rig.injector.counts;
    return { plan, page, server, faults, violations, proxyLog, connections: connections.length, tookMs };
  } finally {
    await rig.stop();
  }
}

function checkEnds(page: EndReport, server: EndReport): string[] {
  return [
    ...(page.end === CLEAN_END ? [] : [`the page's end of the session: ${page.end || 'none'}`]),
    ...(server.end === CLEAN_END ? [] : [`the server's end of the session: ${server.end || 'none'}`]),
  ];
}

/** Whether it came to its end. */
async function beforeHang(work: Promise<unknown>, hangs: () => void): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isDone = await Promise.race([
    work.then(() => true),
    new Promise<boolean>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, HANG_MS);
    }),
  ]);
  clearTimeout(timer);
  if (!isDone) hangs();
  return isDone;
}
