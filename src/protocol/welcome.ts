import { pack } from './bytes.ts';
import { WELCOME } from './packet.ts';
import { isCloseCode, isCount, isOptionalHint, isOptionalRefused, isTerms, unchecked } from './terms.ts';
import type { Refused, SizeHint, Terms, Unchecked } from './terms.ts';
import { decodeJson } from './text.ts';
import { PROTOCOL_VERSION } from './version.ts';
import type { ViolationName } from './violation.ts';

/** The session is up: made anew (`new`), or found and gone on with (`resumed`). */
export interface EstablishedWelcome extends Terms {
  /** Protocol version: 1. */
  version: number;
  result: 'new' | 'resumed';
  /** The application subprotocol chosen from HELLO's, or `''`. */
  protocol: string;
  /** Bytes of the initiator's stream taken in order; 0 with `new`. */
  received: number;
  /** Bytes put into the acceptor's stream so far. */
  streamEnd: number;
  /** Milliseconds that the session is kept without a connection. */
  resumeMs: number;
  /** What to give the `url` function on reconnects so that they reach the same node; at most 256 of `!` to `~`. */
  route?: string | undefined;
  /** What the acceptor learned of its own direction. */
  limit?: SizeHint | undefined;
  /** That this side refused a packet on the last connection. */
  refused?: Refused | undefined;
}

/** The session is not here, and HELLO said that it was expected. */
export interface GoneWelcome {
  /** Protocol version: 1. */
  version: number;
  result: 'gone';
  /** Where a tombstone is left: bytes of the initiator's stream that are delivered. */
  received?: number | undefined;
}

/** The session ended in order; this is the answer to a CLOSE whose answer was lost. */
export interface EndedWelcome {
  /** Protocol version: 1. */
  version: number;
  result: 'ended';
  /** Bytes of the initiator's stream that are delivered. */
  received: number;
  /** Code and reason of the acceptor's CLOSE. */
  close: { code: number; reason: string };
}

/** The acceptor's answer to HELLO. */
export type Welcome = EstablishedWelcome | GoneWelcome | EndedWelcome;

type AnyWelcome = Omit<EstablishedWelcome, 'result'> & Omit<EndedWelcome, 'result'> & { result: string };

function isEstablished(welcome: Unchecked<AnyWelcome>): boolean {
  const { route = '' } = welcome;
  return (
    (welcome.result === 'new' || welcome.result === 'resumed') &&
    typeof welcome.protocol === 'string' &&
    isCount(welcome.received, 0, welcome.result === 'new' ? 0 : undefined) &&
    isCount(welcome.streamEnd) &&
    isCount(welcome.resumeMs) &&
    typeof route === 'string' &&
    /^[!-~]{0,256}$/.test(route) &&
    isTerms(welcome) &&
    isOptionalHint(welcome.limit) &&
    isOptionalRefused(welcome.refused)
  );
}

function isEnded(welcome: Unchecked<AnyWelcome>): boolean {
  const close = unchecked<EndedWelcome['close']>(welcome.close);
  return isCount(welcome.received) && isCloseCode(close.code) && typeof close.reason === 'string';
}

/** The whole WELCOME packet. Members must be in their ranges. */
export function encodeWelcome(welcome: Welcome): Uint8Array {
  return pack(WELCOME, JSON.stringify(welcome));
}

/** The WELCOME in a packet's body. Members that are not known are kept as they are, and mean nothing. */
export function decodeWelcome(body: Uint8Array): Welcome | ViolationName {
  const welcome = unchecked<AnyWelcome>(decodeJson(body));
  const { result, received } = welcome;
  return welcome.version === PROTOCOL_VERSION &&
    (result === 'gone'
      ? received === undefined || isCount(received)
      : result === 'ended'
        ? isEnded(welcome)
        : isEstablished(welcome))
    ? (welcome as Welcome)
    : 'bad-welcome';
}
