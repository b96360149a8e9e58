import type { ServerSession } from '../../src/server.ts';
import { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import { ChaosEnd } from './chaos-end.ts';
import { Injector } from './injector.ts';
import type { SchedulePlan } from './plan.ts';
import { sleep } from './notes.ts';
import { scaledClock } from './scaled-clock.ts';
import { Site } from './site.ts';

const LINGER_MS = 300;
/** So long a server keeps a session, too, of which its client has not heard for sure. */
const HANDSHAKE_MS = 60_000;
const LEAVE_MS = 60_000;
const POLL_MS = 10;
/** How each session is to end. */
export const CLEAN_END = '1000 done';

/** The server's end of one schedule, and the path to it. */
export class ScheduleRig {
  readonly end: ChaosEnd;
  readonly proxy: FaultProxy;
  readonly injector: Injector;
  readonly #plan: SchedulePlan;
  readonly #sites: Site[] = [];
  /** Ids of all sessions there were. */
  readonly sessionIds = new Set<string>();
  #session: ServerSession | undefined;
  #leaving: Promise<void> | undefined;
  #siteOfSession: Site | undefined;
  #lastEnd = '';
  #isStopped = false;

  private constructor(plan: SchedulePlan, injector: Injector, proxy: FaultProxy) {
    this.#plan = plan;
    this.end = new ChaosEnd(plan.server, plan.page);
    this.injector = injector;
    this.proxy = proxy;
  }

  static async start(plan: SchedulePlan): Promise<ScheduleRig> {
    const injector = new Injector(plan.faults);
    const current: { rig?: ScheduleRig } = {};
    const proxy = await FaultProxy.start({
      targetPort: 0,
      lingerMs: LINGER_MS,
      onConnection: (connection, index) => {
        current.rig?.route(connection.path);
        injector.connected(connection, index);
      },
    });
    const rig = new ScheduleRig(plan, injector, proxy);
    current.rig = rig;
    await rig.#addSite();
    injector.prepare(proxy);
    return rig;
  }

  get #newest(): Site {
    return this.#sites.at(-1) as Site;
  }

  /** From here on time counts. */
  async run(): Promise<void> {
    const { leaveAtMs } = this.#plan.faults;
    await Promise.race([this.proxy.waitFor('connection'), this.end.over()]);
    this.injector.start(this.proxy);
    if (leaveAtMs !== undefined) {
      this.#leaving = this.#leaveAt(leaveAtMs);
    }
    await this.end.run();
  }

  /** A resume goes to where the session is, as behind a balancer; all others go to the newest site. */
  route(path: string): void {
    const named = new URL(path, 'http://localhost').searchParams.get('route') ?? '';
    const site = named === '' ? undefined : this.#sites[Number(named)];
    this.proxy.targetPort = (site ?? this.#newest).port;
  }

  /**
   * Ends the session, or waits until the page has done so.
   *
   * @param pageOver - fulfilled when the page's end is over
   */
  async finish(isCloser: boolean, pageOver: Promise<unknown>): Promise<void> {
    if (isCloser) void this.#session?.close(1000, 'done', { drainMs: 1_000_000 });
    await this.#leaving;
    if (this.#siteOfSession === this.#newest) await this.end.over();
    else await this.#endWithout(pageOver);
  }

  /** The page may have had no need of a session with the new site. */
  async #endWithout(pageOver: Promise<unknown>): Promise<void> {
    await pageOver;
    if (this.#siteOfSession === this.#newest) await this.end.over();
    else this.end.ended(this.#lastEnd);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.injector.stop();
    await this.proxy.stop();
    await Promise.all(this.#sites.map((site) => site.stop()));
  }

  async #addSite(): Promise<void> {
    const { timeScale, maxPacketBytes, faults } = this.#plan;
    const site = await Site.start(
      {
        clock: scaledClock(timeScale),
        maxPacketBytes,
        maxBufferedBytes: 64 << 20,
        resumeMs: 600_000 * timeScale,
        handshakeTimeoutMs: HANDSHAKE_MS * timeScale,
        heartbeatMs: timeScale === 1 ? 30_000 : 6000,
        route: String(this.#sites.length),
      },
      faults.secretPayloadBytes,
    );
    site.server.on('session', (session) => {
      this.#take(site, session);
    });
    site.server.on('error', ({ error }) => {
      this.end.notes.problem(`error of the server: ${String(error)}`);
    });
    this.#sites.push(site);
    this.proxy.targetPort = site.port;
  }

  #take(site: Site, session: ServerSession): void {
    const { notes } = this.end;
    this.#session = session;
    this.sessionIds.add(session.id);
    this.#siteOfSession = site;
    this.end.attach(session);
    session.on('resume', ({ resentBytes, connections }) => {
      notes.add(`resumed: ${resentBytes} bytes again, connection ${connections}`);
    });
    session.on('close', ({ code, reason, wasClean, error }) => {
      const { receivedBytes, sentBytes } = session.stats();
      // The page was done just when it made a session with the site that took over: that one was never used.
      const isUnused = code === 4906 && receivedBytes + sentBytes === 0 && this.#lastEnd === CLEAN_END;
      if (isUnused) {
        this.end.ended(CLEAN_END);
        return;
      }
      const how = `${code} ${reason}${wasClean ? '' : ', not clean'}${error === undefined ? '' : `: ${error.message}`}`;
      // Of a site that leaves another one takes over.
      if (site === this.#newest) this.end.ended(how);
      else if (!wasClean) notes.problem(`the leaving session ended: ${how}`);
      notes.add(`session over: ${how}`);
      // A session that makes way for the next one ends as the page meant the whole to end, or is followed by one.
      if (wasClean) this.#lastEnd = CLEAN_END;
    });
  }

  async #leaveAt(atMs: number): Promise<void> {
    await sleep(atMs);
    // Until the client has heard of its session it does not know where that is.
    while (!this.#isStopped && (this.#session?.stats().receivedPackets ?? 0) === 0) await sleep(POLL_MS);
    if (this.#isStopped) return;
    const old = this.#newest;
    await this.#addSite();
    this.end.leave();
    await old.leave(LEAVE_MS);
  }
}
