import type { Stats } from '../../src/index.ts';

/** How one sending of a message went, in the order of sending. */
export interface SentReport {
  readonly id: string;
  /** `delivered`, the code of the error, or `pending`. */
  outcome: string;
}

/** What came of a message that began to come in, in the order of beginning. */
export interface ReceivedReport {
  /** Which of the sessions it came on. */
  readonly session: number;
  readonly channel: string;
  readonly meta: unknown;
  readonly isText: boolean;
  readonly isMarked: boolean;
  /** `whole`, `rejected`, `cancelled by …`, `pending`, or what went wrong. */
  outcome: string;
  byteLength: number;
  hash: string;
}

/** What one end tells when a schedule is over. */
export interface EndReport {
  readonly sent: readonly SentReport[];
  readonly received: readonly ReceivedReport[];
  /** What must not happen, and did. */
  readonly problems: readonly string[];
  readonly log: readonly string[];
  readonly stats: Stats | undefined;
  /** Of connections that were lost, or could not be had, as this end saw them. */
  readonly closeCodes: Readonly<Record<string, number>>;
  readonly limitChanges: number;
  /** Ids of sessions that the server did not know, though something had been sent with the first HELLO. */
  readonly lostSessions: readonly string[];
  /** How the session ended. */
  readonly end: string;
}
