import type { Clock } from '../runtime/clock.ts';
import type { BinaryType } from '../runtime/events.ts';
import type { PortOwner, SessionEffect } from '../runtime/port-owner.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { AcceptedSession } from './accepted-session.ts';
import { ServerIncomingTransfer } from './server-incoming.ts';
import type { ServerSessionEvents } from './server-session.ts';
import type { SessionHost } from './session-host.ts';

/**
 * A session on the server as its port sees it. A class, with all that it can on the prototype: to V8 an object literal with
 * a getter is a dictionary, which takes ten times as much, and there is one for each session.
 */
export class SessionOwner implements PortOwner {
  readonly emitter: SafeEmitter<ServerSessionEvents>;
  readonly #host: SessionHost;
  readonly #session: AcceptedSession;

  constructor(host: SessionHost, session: AcceptedSession, emitter: SafeEmitter<ServerSessionEvents>) {
    this.#host = host;
    this.#session = session;
    this.emitter = emitter;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  get maxBufferedBytes(): number {
    return this.#host.roomFor(this.#session);
  }

  get maxMessageBytes(): number {
    return this.#host.options.maxMessageBytes;
  }

  get binaryType(): BinaryType {
    return this.#host.options.binaryType;
  }

  get incomingClass(): typeof ServerIncomingTransfer {
    return ServerIncomingTransfer;
  }

  handleEffect(effect: SessionEffect): void {
    this.#session.perform(effect);
  }
}
