import { nanoid } from 'nanoid';
import { HandshakeError, OptionError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { encodeHello } from '../protocol/hello.ts';
import { MAX_HELLO_BYTES } from '../protocol/limits.ts';
import { decodePacket } from '../protocol/packet.ts';
import type { SizeHint } from '../protocol/terms.ts';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import { decodeWelcome } from '../protocol/welcome.ts';
import type { EstablishedWelcome, Welcome } from '../protocol/welcome.ts';
import type { Session } from '../session/session.ts';

/** Our half of the handshakes of one session: who we are, and what the last HELLO said. */
export class Handshake {
  readonly #secret = nanoid(22);
  readonly #protocols: readonly string[];
  #connection = 0;
  #wasExpected = false;

  constructor(protocols: readonly string[]) {
    this.#protocols = protocols;
  }

  /** The last HELLO said that the server should have the session. */
  get wasExpected(): boolean {
    return this.#wasExpected;
  }

  /** The last HELLO opened the session's first connection: early data may follow it. */
  get isFirst(): boolean {
    return this.#connection === 1;
  }

  /**
   * HELLO for a new connection of `session`, which forgets every older one.
   *
   * @throws OptionError when it is too big for the smallest path
   */
  hello(session: Session, auth: unknown, hint: SizeHint | undefined): Uint8Array {
    this.#wasExpected = session.isExpected;
    const hello = encodeHello({
      version: PROTOCOL_VERSION,
      session: session.id,
      secret: this.#secret,
      connection: ++this.#connection,
      expected: this.#wasExpected,
      protocols: this.#protocols,
      auth,
      ...session.counts(),
      ...session.terms,
      limitHint: hint && { floor: hint.floor, ceiling: hint.ceiling },
    });
    if (hello.length <= MAX_HELLO_BYTES) return hello;
    throw new OptionError('protocols and auth', `${hello.length} bytes of HELLO`, `at most ${MAX_HELLO_BYTES} bytes`);
  }

  /** Whether `welcome` can be the answer to the last HELLO. */
  accepts({ result, protocol }: EstablishedWelcome): boolean {
    return (protocol === '' || this.#protocols.includes(protocol)) && !(this.#wasExpected && result === 'new');
  }
}

/** The server's answer to HELLO: nothing else may come before it. */
export function readWelcome(bytes: Uint8Array): Welcome | ViolationName {
  const packet = decodePacket(bytes);
  if (typeof packet === 'string') return packet;
  if (packet.kind === 'welcome') return decodeWelcome(packet.body);
  return packet.kind === 'stream' ? 'data-before-hello' : 'unexpected-hello';
}

/** The server opened, and chose `protocol`: there is nobody to shake hands with. */
export function misunderstood(protocol: string): HandshakeError {
  return new HandshakeError(
    CloseCode.normal,
    `The server does not speak ${SUBPROTOCOL}: it chose ${JSON.stringify(protocol)}.`,
    'Serve it with chunksocket/server, or see the option fallback for servers that cannot.',
  );
}
