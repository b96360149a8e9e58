import { DEFAULT_TERMS, linkDefaults } from '../../src/protocol/limits.ts';
import { DEFAULT_WHOLE_BYTES } from '../../src/runtime/port-owner.ts';
import type { OutgoingMessage } from '../../src/session/mux/outgoing-message.ts';
import type { WholeMessage } from '../../src/session/mux/whole-message.ts';
import { Session } from '../../src/session/session.ts';

/** Time from a side to the other, in ms. */
const PATH_MS = 0.5;
/** So many times in a row nothing was under way: nothing will be any more. */
const MAX_IDLE_COUNT = 1000;

/** One session, and what is on its way to it. */
interface End {
  readonly session: Session;
  arriving: Uint8Array[];
}

/**
 * Two sessions that are connected, without sockets and timers. Each is driven as a `SessionPort` does it: after every
 * packet that came, messages are taken, then effects, then all that can be is written.
 */
export class SessionPair {
  readonly #sender = makeEnd(false);
  readonly #receiver = makeEnd(true);
  #nowMs = 0;
  #deliveredCount = 0;
  #received: WholeMessage[] = [];

  constructor() {
    const from = this.#sender.session;
    const to = this.#receiver.session;
    const hello = { ...from.terms, ...from.counts() };
    const counts = to.counts();
    to.attached(hello, this.#nowMs);
    from.attached({ ...to.terms, ...counts }, this.#nowMs);
  }

  /**
   * Sends all of them at once, and returns what came of it when the last one is known to be delivered.
   *
   * @throws Error when one of them fails, or nothing moves any more
   */
  transfer(messages: readonly OutgoingMessage[]): WholeMessage[] {
    this.#received = [];
    this.#deliveredCount = 0;
    for (const message of messages) this.#sender.session.send(message);
    let idleCount = 0;
    while (this.#deliveredCount < messages.length) {
      idleCount = this.#step() ? 0 : idleCount + 1;
      if (idleCount > MAX_IDLE_COUNT) throw new Error(`Stuck at ${this.#deliveredCount} of ${messages.length}.`);
    }
    return this.#received;
  }

  /** What is under way arrives; false when that is nothing. */
  #step(): boolean {
    const [sender, receiver] = [this.#sender, this.#receiver];
    const toReceiver = receiver.arriving.splice(0);
    const toSender = sender.arriving.splice(0);
    this.#nowMs += PATH_MS;
    this.#flush(sender, receiver);
    for (const packet of toReceiver) {
      receiver.session.receive(packet, this.#nowMs);
      this.#flush(receiver, sender);
    }
    for (const packet of toSender) {
      sender.session.receive(packet, this.#nowMs);
      this.#flush(sender, receiver);
    }
    if (receiver.session.deadlineMs <= this.#nowMs) this.#flush(receiver, sender);
    return sender.arriving.length + receiver.arriving.length > 0;
  }

  #flush({ session }: End, other: End): void {
    for (let message = session.nextMessage(); message; message = session.nextMessage()) this.#received.push(message);
    for (const effect of session.takeEffects()) {
      if (effect.kind === 'delivered') this.#deliveredCount++;
      else if (effect.kind === 'failed') throw effect.error;
      else if (effect.kind === 'violation') throw new Error(`A peer broke the protocol: ${effect.name}.`);
    }
    for (let packet = session.nextPacket(this.#nowMs); packet; packet = session.nextPacket(this.#nowMs)) {
      // The sender uses its buffers again, so there is a copy here as a socket makes one.
      other.arriving.push(packet.slice());
    }
    if (session.deadlineMs <= this.#nowMs) session.tick(this.#nowMs, 0);
  }
}

function makeEnd(isAcceptor: boolean): End {
  const session = new Session({
    id: 'session-of-a-benchmark',
    isAcceptor,
    terms: DEFAULT_TERMS,
    maxWholeBytes: DEFAULT_WHOLE_BYTES,
    maxPacketBytes: DEFAULT_TERMS.maxPacketBytes,
    startPacketBytes: linkDefaults.startPacketBytes,
    remembered: undefined,
    heartbeatMs: isAcceptor ? linkDefaults.acceptorHeartbeatMs : linkDefaults.initiatorHeartbeatMs,
    wake: () => undefined,
  });
  return { session, arriving: [] };
}
