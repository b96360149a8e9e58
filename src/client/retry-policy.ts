import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import { HandshakeError, LimitTooSmallError, ProtocolError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { classifyClose } from '../protocol/close-codes.ts';
import { MAX_HELLO_BYTES } from '../protocol/limits.ts';
import type { TransportClose } from '../runtime/transport.ts';
import { backoffMs } from './backoff.ts';
import type { ConnectorOptions } from './options.ts';
import { isOnline } from './page-lifecycle.ts';

/** What the policy needs to know of a connection that is gone. */
export interface LostConnection {
  readonly close: TransportClose;
  /** The connection carried HELLO and nothing else. */
  readonly wasOnlyHello: boolean;
  /** The session has been up, on this connection or an earlier one. */
  readonly isEstablished: boolean;
  /** The connection carried data both ways, or stood for 10 s. */
  readonly wasGood: boolean;
  /** The loss may have taught something about the limit. */
  readonly isWorthIt: boolean;
}

/** A connection that stood this long counts as one that held, even if it carried nothing; ms. */
export const GOOD_AFTER_MS = 10_000;
/** So many reconnects in a minute may skip the backoff, when something was learned. */
const MAX_IMMEDIATE = 4;
const IMMEDIATE_WITHIN_MS = 60_000;
const IMMEDIATE_JITTER_MS = 50;
/** So many times in a row may a path answer 1009 to a connection that carried only HELLO. */
const MAX_HELLO_REFUSALS = 3;

/** Decides after each lost connection whether to come back, and when. */
export class RetryPolicy {
  /** Tries since the last connection that held. */
  attempt = 0;
  /** The server refused the last `auth`; a function is asked once more. */
  wasRefused = false;
  readonly #options: ConnectorOptions;
  readonly #report: (error: unknown) => void;
  #immediateAtMs: number[] = [];
  /** A code that is fatal by default came when a packet may have been too big: one more try, then it counts. */
  #doubtedCode = 0;
  #helloRefusals = 0;
  /** How long the server keeps the session without a connection, and since when there is none. */
  #resumeMs = 0;
  #lostAtMs: number | undefined;

  /** @param report - takes what `shouldRetry` throws, which then counts as no answer */
  constructor(options: ConnectorOptions, report: (error: unknown) => void) {
    this.#options = options;
    this.#report = report;
  }

  /** A connection was accepted; the session is kept for `resumeMs` without one. */
  welcomed(resumeMs = 0): void {
    this.wasRefused = false;
    this.#helloRefusals = 0;
    this.#resumeMs = resumeMs;
    this.#lostAtMs = undefined;
  }

  /**
   * The server asked for another session, elsewhere: at once, but where one asks so of every session that has just begun.
   *
   * @returns how long to wait before that, in ms
   */
  leave(wasGood: boolean): number {
    const { retryBaseMs: baseMs, retryMaxMs: maxMs, random } = this.#options;
    if (wasGood) this.attempt = 0;
    const attempt = this.attempt++;
    return attempt === 0 ? 0 : backoffMs(attempt - 1, { baseMs, maxMs }, random());
  }

  /** @returns how long to wait before coming back, in ms, or why not to */
  decide({ close, wasOnlyHello, isEstablished, wasGood, isWorthIt }: LostConnection): number | ChunkSocketError {
    const { code, reason } = close;
    const { shouldRetry, retryBaseMs: baseMs, retryMaxMs: maxMs, maxRetries, auth, random, clock } = this.#options;
    const { livesOnce = false } = this.#options;
    if (wasGood) this.attempt = 0;
    if (code === CloseCode.protocolViolation) return new ProtocolError(reason, true);
    if (code === CloseCode.unauthorized && typeof auth === 'function' && !this.wasRefused) {
      this.wasRefused = true;
      return 0;
    }
    this.#helloRefusals = wasOnlyHello && code === CloseCode.messageTooBig ? this.#helloRefusals + 1 : 0;
    if (this.#helloRefusals >= MAX_HELLO_REFUSALS) return new LimitTooSmallError([MAX_HELLO_BYTES]);
    let asked: boolean | undefined;
    try {
      asked = shouldRetry?.(close);
    } catch (error) {
      this.#report(error);
    }
    const isFatal = !(asked ?? classifyClose(code, isEstablished) === 'retry');
    const isFinal = isFatal && (asked === false || !isWorthIt || this.#doubtedCode === code);
    this.#doubtedCode = isFatal ? code : 0;
    const nowMs = clock.now();
    this.#lostAtMs ??= nowMs;
    const leftMs = livesOnce ? this.#lostAtMs + this.#resumeMs - nowMs : Infinity;
    const isTooLate = leftMs <= 0 && !(isWorthIt || asked === true);
    if (isFinal || isTooLate || this.attempt >= maxRetries) {
      return new HandshakeError(code, `The connection was closed for good: ${code} ${reason}`);
    }
    const attempt = this.attempt++;
    this.#immediateAtMs = this.#immediateAtMs.filter((atMs) => nowMs - atMs < IMMEDIATE_WITHIN_MS);
    if (isWorthIt && this.#immediateAtMs.length < MAX_IMMEDIATE) {
      this.#immediateAtMs.push(nowMs);
      return Math.round(random() * IMMEDIATE_JITTER_MS);
    }
    // A platform that says it is offline is not hurried, but not believed for ever either.
    const delayMs = isOnline() ? backoffMs(attempt, { baseMs, maxMs }, random()) : maxMs;
    // The last try is as late as it can be.
    return leftMs > 0 ? Math.min(delayMs, leftMs) : delayMs;
  }
}
