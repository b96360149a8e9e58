import type { FaultProxy } from '../support/fault-proxy/fault-proxy.ts';
import type { ProxiedConnection } from '../support/fault-proxy/proxied-connection.ts';
import type { ConnectionFault, FaultPlan } from './plan.ts';

/** Brings the faults of a plan about, until it is to be quiet. */
export class Injector {
  /** What happened how often, by the kind of it. */
  readonly counts: Record<string, number> = {};
  readonly #plan: FaultPlan;
  #timers: NodeJS.Timeout[] = [];
  #isQuiet = false;
  #proxy: FaultProxy | undefined;

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** What the path is like at first. */
  prepare(proxy: FaultProxy): void {
    this.#proxy = proxy;
    proxy.faults.closeRewrites = [...this.#plan.rewrites];
    for (const { atMs, limit } of this.#plan.limits) if (atMs === 0) proxy.setMessageLimit(limit);
    proxy.onLog(({ what, detail }) => {
      if (what === 'close-sent') this.#count(`close ${detail}`);
      if (what === 'over-limit') this.#count(`over the limit: ${detail.slice(detail.lastIndexOf(' ') + 1)}`);
      if (what === 'close-rewritten') this.#count('close rewritten');
      if (what === 'refusing') this.#count('refusing');
    });
  }

  /** Counts the time from now on. */
  start(proxy: FaultProxy): void {
    const { quietAtMs, limits, refusals, endings } = this.#plan;
    for (const { atMs, limit } of limits) {
      if (atMs === 0) continue;
      this.#at(atMs, () => {
        this.#count('limit changed');
        proxy.setMessageLimit(limit);
      });
    }
    for (const { atMs, forMs } of refusals) {
      this.#at(atMs, () => {
        if (!this.#isQuiet) void proxy.refuseConnections();
      });
      this.#at(atMs + forMs, () => {
        void proxy.acceptConnections();
      });
    }
    for (const { atMs, how } of endings) {
      this.#at(atMs, () => {
        if (typeof how === 'number') {
          proxy.closeAll(how);
          return;
        }
        if (proxy.connections.some(({ isOpen, isClosed }) => isOpen && !isClosed))
          this.#count(`cut by ${how.toUpperCase()}`);
        proxy.cutAll(how);
      });
    }
    this.#at(quietAtMs, () => {
      this.#quiet(proxy);
    });
  }

  /** For each connection, before anything is passed on. */
  connected(connection: ProxiedConnection, index: number): void {
    if (this.#isQuiet) return;
    for (const fault of this.#plan.connections[index] ?? []) this.#inject(connection, fault);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#isQuiet = true;
  }

  #at(atMs: number, run: () => void): void {
    this.#timers.push(setTimeout(run, atMs));
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #quiet(proxy: FaultProxy): void {
    this.#isQuiet = true;
    proxy.faults.closeRewrites = [];
    for (const connection of proxy.connections) {
      if (connection.isClosed) continue;
      connection.shape({});
      connection.resume('toServer');
      connection.resume('toClient');
    }
  }

  #inject(connection: ProxiedConnection, fault: ConnectionFault): void {
    switch (fault.kind) {
      case 'upgrade':
        this.#count(`upgrade: ${describeAnswer(fault.answer)}`);
        this.#proxy?.nextUpgrade(fault.answer);
        break;
      case 'shape':
        this.#count('trickle' in fault.shape ? 'trickle' : 'delayMs' in fault.shape ? 'delay' : 'slow');
        connection.shape(fault.shape, fault.direction);
        break;
      case 'close':
        connection.closeAtMessage(fault.rule);
        break;
      case 'cut':
        this.#after(connection, fault, () => {
          this.#count(`cut by ${fault.how.toUpperCase()}${fault.told === 'both' ? '' : `, ${fault.told} told only`}`);
          if (fault.told === 'both') connection.cutAfterBytes(fault.direction, 0, fault.how);
          else connection.cut(fault.how, fault.told);
        });
        break;
      case 'stall':
        this.#after(connection, fault, () => {
          this.#count('stall');
          connection.stall(fault.direction);
          if (fault.forMs === 0) return;
          this.#at(fault.forMs, () => {
            connection.resume(fault.direction);
          });
        });
        break;
      case 'half-open':
        this.#after(connection, fault, () => {
          this.#count('half-open');
          connection.halfOpen(fault.isBothWays ? undefined : fault.direction);
        });
    }
  }

  /** Unless it is quiet by then. */
  #after(
    connection: ProxiedConnection,
    { direction, afterBytes }: Extract<ConnectionFault, { afterBytes: number }>,
    run: () => void,
  ): void {
    connection.afterBytes(direction, afterBytes, () => {
      if (!this.#isQuiet) run();
    });
  }
}

function describeAnswer(answer: object): string {
  const [[name, value] = ['', '']] = Object.entries(answer) as [string, unknown][];
  return name === 'status' || name === 'cut' ? `${name} ${String(value)}` : name;
}
