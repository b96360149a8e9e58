import type { Transfer } from '../../runtime/transfer.ts';
import type { AcceptedSession } from '../accepted-session.ts';

/** Called once, with an error for a failure. */
export type WsCallback = (error?: Error) => void;

interface Waiting {
  readonly canFail: boolean;
  done: WsCallback | undefined;
}

/**
 * While no more than this is unacknowledged, callbacks do not wait for it: libraries send the next message only when they
 * are called (graphql-ws), and would send one per round trip. The same as what a kernel takes at once.
 */
const FREE_BYTES = 1 << 20;

/** When the callbacks of `send` are called, in the order of the messages. */
export class SendCallbacks {
  readonly #session: AcceptedSession;
  readonly #waiting: Waiting[] = [];

  constructor(session: AcceptedSession) {
    this.#session = session;
  }

  /**
   * @param canFail - the data is still to be read: nothing is said before it is delivered
   * @param failed - gets the error after the callback
   */
  add(transfer: Transfer, done: WsCallback | undefined, canFail: boolean, failed: (error: Error) => void): void {
    const entry: Waiting = { canFail, done };
    if (done !== undefined) {
      const isFree = !canFail && this.#waiting.length === 0 && this.#isFree;
      if (isFree) {
        setImmediate(() => {
          tell(entry);
        });
      } else {
        this.#waiting.push(entry);
      }
    }
    transfer.delivered.then(
      () => {
        this.#release(entry);
      },
      (error: unknown) => {
        const index = this.#waiting.indexOf(entry);
        if (index >= 0) this.#waiting.splice(index, 1);
        tell(entry, error as Error);
        failed(error as Error);
      },
    );
  }

  get #isFree(): boolean {
    return this.#session.bufferedAmount <= FREE_BYTES;
  }

  /** `entry` is delivered, and so is what was sent before it. */
  #release(entry: Waiting): void {
    let count = this.#waiting.indexOf(entry) + 1;
    if (this.#isFree) while (this.#waiting[count]?.canFail === false) count++;
    for (const one of this.#waiting.splice(0, count)) tell(one);
  }
}

function tell(entry: Waiting, error?: Error): void {
  const { done } = entry;
  entry.done = undefined;
  if (done === undefined) return;
  if (error === undefined) process.nextTick(done);
  else process.nextTick(done, error);
}
