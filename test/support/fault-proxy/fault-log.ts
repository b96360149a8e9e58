/** What can be found in the log of a fault proxy. */
export type LogKind =
  | 'connection'
  | 'upgrade-answered'
  | 'upgrade-hung'
  | 'upstream-failed'
  | 'open'
  | 'over-limit'
  | 'close-sent'
  | 'close-seen'
  | 'close-rewritten'
  | 'swallowed'
  | 'cut'
  | 'stalled'
  | 'resumed'
  | 'half-open'
  | 'shaped'
  | 'refusing'
  | 'accepting'
  | 'closed';

/** One thing that happened. */
export interface LogEntry {
  /** Number of the connection, counted from 0; -1 for what concerns the whole proxy. */
  readonly connection: number;
  readonly what: LogKind;
  /** Milliseconds since the proxy was started. */
  readonly atMs: number;
  /** The particulars, as a sentence for people. */
  readonly detail: string;
}

interface Waiter {
  readonly what: LogKind;
  readonly count: number;
  readonly resolve: (entry: LogEntry) => void;
}

/** The record of what a fault proxy did, so that a test can prove that a fault really happened, and wait for it. */
export class FaultLog {
  readonly entries: LogEntry[] = [];
  readonly #startedAtMs: number = performance.now();
  readonly #listeners = new Set<(entry: LogEntry) => void>();
  #waiters: Waiter[] = [];

  /** Adds an entry and tells everybody who waits for it. */
  add(connection: number, what: LogKind, detail = ''): void {
    const entry: LogEntry = { connection, what, atMs: performance.now() - this.#startedAtMs, detail };
    this.entries.push(entry);
    for (const listener of this.#listeners) listener(entry);
    const count = this.of(what).length;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.what !== what || count < waiter.count) return true;
      waiter.resolve(entry);
      return false;
    });
  }

  /** All entries of one kind. */
  of(what: LogKind): LogEntry[] {
    return this.entries.filter((entry) => entry.what === what);
  }

  /** Resolves with the `count`-th entry of a kind: at once when it is there already. */
  waitFor(what: LogKind, count = 1): Promise<LogEntry> {
    const found = this.of(what)[count - 1];
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => {
      this.#waiters.push({ what, count, resolve });
    });
  }

  /** Calls `listener` for every entry to come. Returns a function that ends that. */
  subscribe(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
