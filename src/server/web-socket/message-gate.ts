import type { AcceptedSession } from '../accepted-session.ts';

/** Waiting messages of a paused socket that closes, in bytes, beyond which no more are taken out of the session. */
export const MAX_WAITING_BYTES: number = 1 << 20;

type MessageData = string | Uint8Array<ArrayBuffer>;

/** What a message costs beside its bytes. */
const MIN_WAITING_BYTES = 64;

/**
 * Takes the messages of a session, unless it is paused: then they wait in the session, whose credit holds up the sender.
 *
 * A session that closes gives up what nobody takes, so from then on they wait here, and the end waits behind them. While
 * more than {@link MAX_WAITING_BYTES} wait, the rest stays in the session all the same, and the end waits behind it, too.
 */
export class MessageGate {
  isPaused = false;
  readonly #session: AcceptedSession;
  readonly #deliver: (data: MessageData) => void;
  readonly #waiting: MessageData[] = [];
  #waitingBytes = 0;
  #stopTaking: (() => void) | undefined;
  #finish: (() => void) | undefined;
  #isResuming = false;
  #isHeld = false;

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
    this.#leave();
  }

  /** Messages come again, but not before this returns. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#isResuming = true;
    queueMicrotask(() => {
      this.#isResuming = false;
      this.#drain();
      if (this.isPaused) return;
      if (this.#isHeld) this.#leave();
      this.#take();
      // Behind what the session hands out now.
      queueMicrotask(() => {
        this.#drain();
      });
    });
  }

  /** Calls `done` behind the last message. */
  end(done: () => void): void {
    this.#finish = done;
    this.#drain();
  }

  /** Nothing is handed out any more: what waits is dropped. */
  drop(): void {
    this.#waiting.length = this.#waitingBytes = 0;
    this.isPaused = this.#isHeld = false;
    this.#drain();
  }

  #take(): void {
    this.#stopTaking ??= this.#session.on('message', ({ data }) => {
      this.#waiting.push(data as MessageData);
      this.#waitingBytes += costOf(data as MessageData);
      this.#drain();
      if (this.isPaused && this.#waitingBytes > MAX_WAITING_BYTES) this.#hold();
    });
  }

  #leave(): void {
    this.#stopTaking?.();
    this.#stopTaking = undefined;
    this.#isHeld = false;
  }

  /** Being told of what comes, and taking none of it, keeps it in the session. */
  #hold(): void {
    this.#leave();
    this.#isHeld = true;
    this.#stopTaking = this.#session.on('incoming', () => undefined);
  }

  #drain(): void {
    while (!this.isPaused && !this.#isResuming) {
      const data = this.#waiting.shift();
      if (data === undefined) break;
      this.#waitingBytes -= costOf(data);
      this.#deliver(data);
    }
    if (this.#waiting.length > 0 || this.#isHeld) return;
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.();
  }
}

/** Text counts as two bytes a character. */
function costOf(data: MessageData): number {
  return MIN_WAITING_BYTES + (typeof data === 'string' ? 2 * data.length : data.length);
}
