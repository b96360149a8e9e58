import { Changes, Notes } from './notes.ts';
import type { EndPlan } from './plan.ts';
import type { Port } from './port.ts';
import type { EndReport } from './report.ts';
import { Sending } from './sending.ts';
import { Taking } from './taking.ts';

/** One end of a schedule, in a page or in Node: what it sends, what it takes, and what became of all that. */
export class ChaosEnd {
  readonly notes = new Notes();
  readonly closeCodes: Record<string, number> = {};
  readonly #changes = new Changes();
  readonly #sending: Sending;
  readonly #taking: Taking;
  #last: Port | undefined;
  #limitChanges = 0;
  #end = '';
  readonly #lostSessions: string[] = [];

  constructor(own: EndPlan, peer: EndPlan) {
    this.#sending = new Sending(own, this.notes, this.#changes);
    this.#taking = new Taking(own, peer, this.notes, this.#changes);
  }

  /** From now on messages go there, and come from there, too. */
  attach(port: Port): void {
    this.notes.add('session');
    this.#last = port;
    port.on('limit', ({ fromBytes, toBytes, cause }) => {
      this.#limitChanges++;
      this.notes.add(`limit: ${fromBytes} to ${toBytes} bytes, ${cause}`);
    });
    port.on('error', ({ error }) => {
      this.notes.problem(`error event: ${error.message}`);
    });
    this.#taking.add(port);
    this.#sending.port = port;
  }

  /** The session is about to end; what is not sent yet waits for the next one. */
  leave(): void {
    this.notes.add('leaving');
    this.#sending.port = undefined;
  }

  /** Fulfilled when all that was to be sent is settled, and all that must come has come. */
  async run(): Promise<void> {
    await Promise.all([this.#sending.run(), this.#taking.run()]);
    await this.#changes.until(() => (this.#sending.isDone && this.#taking.isDone) || this.#end !== '');
  }

  get isDone(): boolean {
    return this.#sending.isDone && this.#taking.isDone;
  }

  /** What is still waited for. */
  get unfinished(): string {
    const list = (ids: readonly string[]): string => ids.join(' ') || 'none';
    const stats = JSON.stringify(this.#last?.stats());
    return `not settled: ${list(this.#sending.unsettled)}; not received: ${list(this.#taking.missing)}; ${stats}`;
  }

  /** Fulfilled when {@link ended} was called. */
  over(): Promise<void> {
    return this.#changes.until(() => this.#end !== '');
  }

  /** The session is over for good. */
  ended(how: string): void {
    this.notes.add(`closed: ${how}`);
    this.#end = how;
    this.#changes.tell();
  }

  /** The server does not know that session. */
  lost(session: string): void {
    this.notes.add(`lost: session ${session}`);
    this.#lostSessions.push(session);
  }

  countClose(code: number): void {
    this.closeCodes[code] = (this.closeCodes[code] ?? 0) + 1;
  }

  report(): EndReport {
    const { log, problems } = this.notes;
    return {
      sent: this.#sending.sent,
      received: this.#taking.received,
      problems,
      log,
      stats: this.#last?.stats(),
      closeCodes: this.closeCodes,
      limitChanges: this.#limitChanges,
      end: this.#end,
      lostSessions: this.#lostSessions,
    };
  }
}
