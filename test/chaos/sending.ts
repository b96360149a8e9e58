import { dataOf } from './content.ts';
import type { Changes, Notes } from './notes.ts';
import { sleep } from './notes.ts';
import type { EndPlan, MessagePlan } from './plan.ts';
import type { Port } from './port.ts';
import type { SentReport } from './report.ts';

/** Sends what is planned, in its time, and notes what became of it. */
export class Sending {
  readonly sent: SentReport[] = [];
  readonly #plan: EndPlan;
  readonly #notes: Notes;
  readonly #changes: Changes;
  #port: Port | undefined;
  #isThrough = false;
  #pending = 0;
  /** Refused by a session that was about to end. */
  #again: MessagePlan[] = [];

  constructor(plan: EndPlan, notes: Notes, changes: Changes) {
    this.#plan = plan;
    this.#notes = notes;
    this.#changes = changes;
  }

  /** Messages go there from now on; undefined: they wait. */
  set port(port: Port | undefined) {
    this.#port = port;
    if (port !== undefined) for (const message of this.#again.splice(0)) this.#send(port, message);
    this.#changes.tell();
  }

  async run(): Promise<void> {
    for (const message of this.#plan.messages) {
      if (message.gapMs > 0) await sleep(message.gapMs);
      await this.#changes.until(() => this.#port !== undefined);
      this.#send(this.#port as Port, message);
    }
    this.#isThrough = true;
    this.#changes.tell();
  }

  /** All is sent and settled. */
  get isDone(): boolean {
    return this.#isThrough && this.#pending === 0 && this.#again.length === 0;
  }

  get unsettled(): string[] {
    return this.sent.filter(({ outcome }) => outcome === 'pending').map(({ id }) => id);
  }

  #send(port: Port, message: MessagePlan): void {
    const { id, channel, priority, meta, form, fate, fateAfterMs } = message;
    const report: SentReport = { id, outcome: 'pending' };
    this.sent.push(report);
    this.#pending++;
    const controller = new AbortController();
    const transfer = port.send(dataOf(message), {
      channel,
      priority,
      ...(meta === undefined ? {} : { meta }),
      ...(fate === 'signalled' ? { signal: controller.signal } : {}),
      ...(form === 'transferred' ? { transfer: true } : {}),
    });
    const settle = (outcome: string): void => {
      report.outcome = outcome;
      this.#notes.add(`sent ${id} (${channel || 'default'}, ${message.byteLength} bytes): ${outcome}`);
      this.#pending--;
      if (outcome === 'ERR_CLOSED' && port !== this.#port) this.#sendAgain(message);
      this.#changes.tell();
    };
    transfer.delivered.then(
      () => {
        settle('delivered');
      },
      (error: unknown) => {
        settle((error as { code?: string }).code ?? String(error));
      },
    );
    const giveUp = (): void => {
      if (fate === 'aborted') transfer.abort('as planned');
      else controller.abort('as planned');
    };
    if (fate === 'aborted' || fate === 'signalled') setTimeout(giveUp, fateAfterMs);
  }

  /** The session was about to end, and the message had not begun: it is for the application to send again. */
  #sendAgain(message: MessagePlan): void {
    if (this.#port === undefined) this.#again.push(message);
    else this.#send(this.#port, message);
  }
}
