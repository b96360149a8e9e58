import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import { HandshakeError, LimitTooSmallError, ProtocolError } from '../errors/session-errors.ts';
import { classifyClose, CloseCode } from '../protocol/close-codes.ts';
import { MAX_HELLO_BYTES } from '../protocol/limits.ts';
import type { TransportClose } from '../runtime/transport.ts';
import { backoffMs } from './backoff.ts';

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
  readonly isOnline: boolean;
}

/** What to do about it. */
export type RetryDecision =
  { readonly kind: 'fatal'; readonly error: ChunkSocketError } | { readonly kind: 'retry'; readonly delayMs: number };

/** Options of a socket that the policy reads. */
export interface RetryOptions {
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  readonly maxRetries: number;
  readonly auth?: unknown;
  readonly shouldRetry?: ((close: TransportClose) => boolean | undefined) | undefined;
}

/** So many reconnects in a minute may skip the backoff, when something was learned. */
const MAX_IMMEDIATE = 4;
const IMMEDIATE_WITHIN_MS = 60_000;
const IMMEDIATE_JITTER_MS = 50;
/** So many times in a row may a path answer 1009 to a connection that carried only HELLO. */
const MAX_HELLO_REFUSALS = 3;

/** Decides after each lost connection whether to come back, and when. */
export class RetryPolicy {
  readonly #options: RetryOptions;
  readonly #random: () => number;
  readonly #report: (error: unknown) => void;
  #attempt = 0;
  #immediateAtMs: number[] = [];
  /** A code that is fatal by default came when a packet may have been too big: one more try, then it counts. */
  #doubtedCode = 0;
  #wasAuthRefused = false;
  #helloRefusals = 0;

  /** @param report - takes what `shouldRetry` throws, which then counts as no answer */
  constructor(options: RetryOptions, random: () => number, report: (error: unknown) => void) {
    this.#options = options;
    this.#random = random;
    this.#report = report;
  }

  /** Tries since the last connection that held. */
  get attempt(): number {
    return this.#attempt;
  }

  /** The server refused the last `auth`; a function is asked once more. */
  get wasAuthRefused(): boolean {
    return this.#wasAuthRefused;
  }

  /** A connection was accepted. */
  welcomed(): void {
    this.#wasAuthRefused = false;
    this.#helloRefusals = 0;
  }

  decide(lost: LostConnection, nowMs: number): RetryDecision {
    const { close, wasOnlyHello, isEstablished, wasGood, isWorthIt, isOnline } = lost;
    const { shouldRetry, retryBaseMs: baseMs, retryMaxMs: maxMs, maxRetries, auth } = this.#options;
    const { code, reason } = close;
    const fatal = (error?: ChunkSocketError): RetryDecision => ({
      kind: 'fatal',
      error: error ?? new HandshakeError(code, `The connection was closed for good: ${code} ${reason}`),
    });
    if (wasGood) this.#attempt = 0;
    if (code === CloseCode.protocolViolation) return fatal(new ProtocolError(reason, true));
    if (code === CloseCode.unauthorized && typeof auth === 'function' && !this.#wasAuthRefused) {
      this.#wasAuthRefused = true;
      return { kind: 'retry', delayMs: 0 };
    }
    this.#helloRefusals = wasOnlyHello && code === CloseCode.messageTooBig ? this.#helloRefusals + 1 : 0;
    if (this.#helloRefusals >= MAX_HELLO_REFUSALS) return fatal(new LimitTooSmallError([MAX_HELLO_BYTES]));
    let asked: boolean | undefined;
    try {
      asked = shouldRetry?.(close);
    } catch (error) {
      this.#report(error);
    }
    const isFatal = asked === undefined ? classifyClose(code, isEstablished) === 'fatal' : !asked;
    if (isFatal && (asked === false || !isWorthIt || this.#doubtedCode === code)) return fatal();
    this.#doubtedCode = isFatal ? code : 0;
    if (this.#attempt >= maxRetries) return fatal();
    const attempt = this.#attempt++;
    this.#immediateAtMs = this.#immediateAtMs.filter((atMs) => nowMs - atMs < IMMEDIATE_WITHIN_MS);
    if (isWorthIt && this.#immediateAtMs.length < MAX_IMMEDIATE) {
      this.#immediateAtMs.push(nowMs);
      return { kind: 'retry', delayMs: Math.round(this.#random() * IMMEDIATE_JITTER_MS) };
    }
    // A platform that says it is offline is not hurried, but not believed for ever either.
    return { kind: 'retry', delayMs: isOnline ? backoffMs(attempt, { baseMs, maxMs }, this.#random()) : maxMs };
  }
}
