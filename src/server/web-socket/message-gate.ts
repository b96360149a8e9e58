import type { AcceptedSession } from '../accepted-session.ts';

type MessageData = string | Uint8Array<ArrayBuffer>;

/**
 * Takes the messages of a session, unless it is paused: then they wait in the session, whose credit holds up the sender.
 *
 * A session that closes gives up what nobody takes, so from then on they wait here, no more than the credit that was
 * given; and the end waits behind them.
 */
export class MessageGate {
  isPaused = false;
  readonly #session: AcceptedSession;
  readonly #deliver: (data: MessageData) => void;
  readonly #waiting: MessageData[] = [];
  #stopTaking: (() => void) | undefined;
  #finish: (() => void) | undefined;
  #isResuming = false;

  constructor(session: AcceptedSession, deliver: (data: MessageData) => void) {
    this.#session = session;
    this.#deliver = deliver;
    this.#take();
    session.on('status', ({ status }) => {
      if (status === 'closing') this.#take();
    });
  }

  pause(): void {
    this.isPaused = true;
    if (this.#session.status === 'closing' || this.#session.status === 'closed') return;
    this.#stopTaking?.();
    this.#stopTaking = undefined;
  }

  /** Messages come again, but not before this returns. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#isResuming = true;
    queueMicrotask(() => {
      this.#isResuming = false;
      this.#drain();
      if (!this.isPaused) this.#take();
    });
  }

  /** Calls `done` behind the last message. */
  end(done: () => void): void {
    this.#finish = done;
    this.#drain();
  }

  /** Nothing is handed out any more: what waits is dropped. */
  drop(): void {
    this.#waiting.length = 0;
    this.isPaused = false;
    this.#drain();
  }

  #take(): void {
    this.#stopTaking ??= this.#session.on('message', ({ data }) => {
      this.#waiting.push(data as MessageData);
      this.#drain();
    });
  }

  #drain(): void {
    while (!this.isPaused && !this.#isResuming) {
      const data = this.#waiting.shift();
      if (data === undefined) break;
      this.#deliver(data);
    }
    if (this.#waiting.length > 0) return;
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.();
  }
}
