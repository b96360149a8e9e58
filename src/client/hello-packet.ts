import { encodeHello } from '../protocol/hello.ts';
import type { Hello } from '../protocol/hello.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import type { Session } from '../session/session.ts';

/** What HELLO says beside the state of the session. */
export type HelloIdentity = Pick<Hello, 'secret' | 'connection' | 'protocols' | 'auth' | 'limitHint'>;

/** HELLO for a new connection of `session`, which forgets every older one. */
export function helloPacket(session: Session, { limitHint, ...identity }: HelloIdentity): Uint8Array {
  const expected = session.isExpected;
  const counts = session.counts();
  return encodeHello({
    version: PROTOCOL_VERSION,
    session: session.id,
    ...identity,
    expected,
    ...counts,
    ...session.terms,
    limitHint: limitHint && { floor: limitHint.floor, ceiling: limitHint.ceiling },
  });
}
