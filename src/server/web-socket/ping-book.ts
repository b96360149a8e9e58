import type { AcceptedSession } from '../accepted-session.ts';

/** A ping carries no more, in bytes (RFC 6455, section 5.5). */
const MAX_PING_BYTES = 125;

/**
 * Pings that are not answered yet. The protocol has none that an application sees: the client is asked for a sign of
 * life, and each packet of it answers all of them; so does a client that is back with a new connection. While the session
 * waits for its client nothing does.
 */
export class PingBook {
  readonly #session: AcceptedSession;
  readonly #pending: Buffer[] = [];

  readonly #isPatient: boolean;

  /**
   * @param isPatient - a session that waits answers for its client
   * @param answered - gets the data of each ping, in order
   */
  constructor(session: AcceptedSession, isPatient: boolean, answered: (data: Buffer) => void) {
    this.#session = session;
    this.#isPatient = isPatient;
    const answer = (): void => {
      for (const data of this.#pending.splice(0)) answered(data);
    };
    session.onLife = answer;
    if (!isPatient) return;
    session.on('status', ({ status }) => {
      if (status === 'waiting') answer();
    });
  }

  add(data: Buffer): void {
    this.#pending.push(data);
    if (this.#isPatient && this.#session.status === 'waiting') {
      queueMicrotask(() => {
        this.#session.onLife?.();
      });
    } else {
      this.#session.probe();
    }
  }
}

/** @throws RangeError for more than 125 bytes; TypeError as `Buffer.from` */
export function toPingData(data: unknown): Buffer {
  const text = typeof data === 'number' ? data.toString() : data;
  const bytes = text ? copyOf(text) : Buffer.alloc(0);
  if (bytes.length > MAX_PING_BYTES) throw new RangeError('The data size must not be greater than 125 bytes');
  return bytes;
}

function copyOf(data: unknown): Buffer {
  if (!ArrayBuffer.isView(data)) return Buffer.from(data as string);
  return Buffer.from(Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}
