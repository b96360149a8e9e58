import { pack } from './bytes.ts';
import { MAX_PROTOCOLS } from './limits.ts';
import { HELLO } from './packet.ts';
import { isCount, isOptionalHint, isOptionalRefused, isSessionId, isTerms, unchecked } from './terms.ts';
import type { Refused, SizeHint, Terms, Unchecked } from './terms.ts';
import { decodeJson } from './text.ts';
import { PROTOCOL_VERSION } from './version.ts';
import type { ViolationName } from './violation.ts';

/** The initiator's first packet of a connection: creates a session or resumes it. Carries the secret: never log it. */
export interface Hello extends Terms {
  /** Protocol version: 1. */
  version: number;
  /** Session id: 21 to 64 of `A-Z a-z 0-9 _ -`. */
  session: string;
  /** What proves that this is the session's initiator: 22 to 64 of the same alphabet. */
  secret: string;
  /** Number of this connection within the session, from 1, strictly rising. */
  connection: number;
  /** Whether a WELCOME came, or a byte was written to any connection: without the session the answer is `gone`. */
  expected: boolean;
  /** Bytes of the acceptor's stream taken in order. */
  received: number;
  /** Bytes put into the initiator's stream so far. */
  streamEnd: number;
  /** The application's subprotocols, most wanted first; at most 16. */
  protocols: readonly string[];
  /** Any JSON value for the acceptor's `authorize`; at most 3072 bytes as JSON. */
  auth?: unknown;
  /** What the initiator remembers of the acceptor's direction. */
  limitHint?: SizeHint | undefined;
  /** That this side refused a packet on the last connection. */
  refused?: Refused | undefined;
}

/** HELLO of a version that this side does not speak. */
export interface UnsupportedHello {
  /** The version that it asks for. */
  unsupported: number;
}

// RFC 6455 section 4.1: a token of RFC 9110 section 5.6.2
const isToken = (value: unknown): boolean => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value);

/** The whole HELLO packet. Members must be in their ranges; whoever calls checks it against `MAX_HELLO_BYTES`. */
export function encodeHello(hello: Hello): Uint8Array {
  return pack(HELLO, JSON.stringify(hello));
}

/** The HELLO in a packet's body. Members that are not known are kept as they are, and mean nothing. */
export function decodeHello(body: Uint8Array): Hello | UnsupportedHello | ViolationName {
  const hello: Unchecked<Hello> = { protocols: [], ...unchecked<Hello>(decodeJson(body)) };
  const { version, secret, protocols } = hello;
  if (isCount(version) && version !== PROTOCOL_VERSION) return { unsupported: version };
  return version === PROTOCOL_VERSION &&
    isSessionId(hello.session) &&
    isSessionId(secret) &&
    secret.length > 21 &&
    isCount(hello.connection, 1) &&
    typeof hello.expected === 'boolean' &&
    isCount(hello.received) &&
    isCount(hello.streamEnd) &&
    Array.isArray(protocols) &&
    protocols.length <= MAX_PROTOCOLS &&
    protocols.every(isToken) &&
    isTerms(hello) &&
    isOptionalHint(hello.limitHint) &&
    isOptionalRefused(hello.refused)
    ? (hello as Hello)
    : 'bad-hello';
}
