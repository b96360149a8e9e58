import { ClosedError } from '../../../src/errors/session-errors.ts';
import { SessionLostError } from '../../../src/errors/transfer-errors.ts';
import { decodeHello } from '../../../src/protocol/hello.ts';
import type { Hello } from '../../../src/protocol/hello.ts';
import { decodePacket } from '../../../src/protocol/packet.ts';
import { encodeWelcome } from '../../../src/protocol/welcome.ts';
import type { Effect } from '../../../src/session/effect.ts';
import type { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import type { LossyPath } from './lossy-path.ts';
import { SimNode } from './sim-node.ts';
import { SimPort } from './sim-port.ts';

const RESUME_MS = 120_000;

interface Slot {
  readonly port: SimPort;
  number: number;
  path?: LossyPath | undefined;
}

type Tombstone = { kind: 'lost'; received: number } | { kind: 'ended'; received: number; code: number; reason: string };

/** The server: takes connections, keeps sessions over their cuts, and now and then loses all of them. */
export class SimAcceptor extends SimNode {
  readonly #slots = new Map<string, Slot>();
  readonly #tombstones = new Map<string, Tombstone>();
  /** Sessions that HELLO asked for and that were not there. */
  readonly #gone = new Set<string>();
  #latest: Slot | undefined;
  #early: OutgoingMessage[] = [];
  /** How long `authorize` takes. */
  authorizeMs = 0;
  ending = '';

  override get port(): SimPort | undefined {
    return this.#latest?.port;
  }

  /** Sessions that are not over. */
  get sessionCount(): number {
    return this.#slots.size;
  }

  accept(path: LossyPath): void {
    let slot: Slot | undefined;
    let isAsking = false;
    let waiting: Uint8Array[] = [];
    path.join('down', {
      received: (bytes) => {
        if (slot !== undefined) {
          if (slot.path === path) slot.port.receive(bytes);
          return;
        }
        if (isAsking) {
          waiting.push(bytes);
          return;
        }
        const hello = this.#hello(bytes);
        if (hello === undefined) return;
        isAsking = true;
        this.clock.after(this.authorizeMs, () => {
          isAsking = false;
          slot = this.#greet(path, hello);
          const packets = waiting;
          waiting = [];
          // After `gone` the early data of the lost attempt cannot be there: it goes with a first HELLO only.
          for (const packet of packets) if (slot?.path === path) slot.port.receive(packet);
        });
      },
      closed: (code) => {
        if (slot?.path === path) this.#lost(slot, code);
      },
    });
  }

  close(drainMs: number): void {
    this.isClosing = true;
    const port = this.port;
    port?.session.close(1000, 'bye', drainMs, this.clock.nowMs);
    port?.flush();
  }

  goAway(deadlineMs: number): void {
    this.port?.session.goAway(deadlineMs);
    this.port?.flush();
  }

  /** The process dies; what it knew is lost, but for what tombstones keep. */
  restart(hasTombstones: boolean): void {
    for (const [id, slot] of this.#slots) {
      if (hasTombstones) this.#tombstones.set(id, { kind: 'lost', received: slot.port.session.lastReceived });
      slot.path?.cut(this.random.int(0, 100), Infinity);
      this.failAll(slot.port.end(), new SessionLostError());
    }
    this.#slots.clear();
    this.#latest = undefined;
  }

  handle(effect: Effect, port: SimPort): void {
    const slot = this.#slots.get(port.session.id);
    if (slot?.port !== port) return;
    switch (effect.kind) {
      case 'violation':
        this.ledger.faults.push(`acceptor saw a violation: ${effect.name}`);
        break;
      case 'limit-too-small':
        this.ledger.faults.push(`acceptor gave up: ${effect.trail.join(' ')}`);
        break;
      case 'stalled':
        slot.path?.close('down', 4908);
        this.#lost(slot, 4908);
        break;
      case 'finished': {
        const { state } = port.session;
        const { code, reason } = state.kind === 'closing' ? state : { code: 1000, reason: '' };
        const { path } = slot;
        this.ending = 'finished';
        this.#forget(slot, { kind: 'ended', received: port.session.link.received, code, reason });
        this.expectNothing(port.end(), 'finished');
        path?.close('down', 1000);
        break;
      }
      case 'drain-timeout': {
        const { path } = slot;
        this.#give(slot, 'drain-timeout');
        path?.close('down', 4906);
        break;
      }
      case 'progress':
      case 'delivered':
      case 'failed':
      case 'incoming':
      case 'limit':
      case 'peer-limit':
      case 'goaway':
      case 'peer-close':
        break;
    }
  }

  protected take(message: OutgoingMessage): void {
    const port = this.port;
    if (port === undefined || port.session.state.kind !== 'open') {
      this.#early.push(message);
      return;
    }
    this.hand(message, port);
  }

  override abort(entry: Parameters<SimNode['abort']>[0]): void {
    if (!this.#early.includes(entry.message)) super.abort(entry);
  }

  /** Nothing more will come: what never had a session to go to fails. */
  giveUpWaiting(): void {
    this.failAll(this.#early.splice(0), new ClosedError(1000, 'no session'));
  }

  #hello(bytes: Uint8Array): Hello | undefined {
    const packet = decodePacket(bytes);
    const hello = typeof packet !== 'string' && packet.kind === 'hello' ? decodeHello(packet.body) : 'none';
    if (typeof hello === 'string' || 'unsupported' in hello) {
      this.ledger.faults.push(`no HELLO: ${typeof hello === 'string' ? hello : 'unsupported'}`);
      return undefined;
    }
    return hello;
  }

  #greet(path: LossyPath, hello: Hello): Slot | undefined {
    let slot = this.#slots.get(hello.session);
    if (slot !== undefined && hello.connection <= slot.number) {
      path.close('down', 4904);
      return undefined;
    }
    const tombstone = this.#tombstones.get(hello.session);
    if (tombstone?.kind === 'ended') {
      const { received, code, reason } = tombstone;
      path.send('down', encodeWelcome({ version: 1, result: 'ended', received, close: { code, reason } }));
      return undefined;
    }
    if (slot === undefined && hello.expected) {
      this.#gone.add(hello.session);
      const received = tombstone === undefined ? {} : { received: tombstone.received };
      path.send('down', encodeWelcome({ version: 1, result: 'gone', ...received }));
      return undefined;
    }
    // The initiator has sent everything again in another session: its first HELLO comes too late, early data and all.
    if (slot === undefined && this.#gone.has(hello.session)) {
      path.close('down', 4904);
      return undefined;
    }
    const result = slot === undefined ? 'new' : 'resumed';
    slot ??= this.#newSlot(hello);
    slot.path?.close('down', 4901);
    slot.path = path;
    slot.number = hello.connection;
    const { session } = slot.port;
    const { received, streamEnd, refused } = session.counts();
    const { floor, ceiling } = session.link.learner.memory;
    path.send(
      'down',
      encodeWelcome({
        version: 1,
        result,
        protocol: '',
        received,
        streamEnd,
        resumeMs: RESUME_MS,
        ...session.terms,
        limit: { floor, ceiling },
        ...(refused === undefined ? {} : { refused }),
      }),
    );
    slot.port.attached(path, hello);
    // Its last word may have been that it is over.
    if (this.#slots.get(hello.session) !== slot) return undefined;
    if (session.state.kind === 'open') for (const message of this.#early.splice(0)) this.take(message);
    return slot;
  }

  #newSlot(hello: Hello): Slot {
    const { limitHint } = hello;
    const remembered =
      limitHint === undefined || limitHint.floor === 0 ? undefined : { ...limitHint, provisional: true };
    const port = new SimPort(this, 'down', (wake) => this.makeSession(hello.session, remembered, wake));
    const slot: Slot = { port, number: 0 };
    this.#slots.set(hello.session, slot);
    this.#latest = slot;
    return slot;
  }

  #lost(slot: Slot, code: number): void {
    slot.path = undefined;
    slot.port.detached(code);
    const { number } = slot;
    if (code === 4906) {
      this.#give(slot, 'abandoned');
      return;
    }
    this.clock.after(RESUME_MS, () => {
      const isWaiting = slot.path === undefined && slot.number === number;
      if (isWaiting && this.#slots.get(slot.port.session.id) === slot) this.#give(slot, 'expired');
    });
  }

  /** The session is given up; what of it is known stays for a while. */
  #give(slot: Slot, how: string): void {
    this.ending = how;
    this.#forget(slot, { kind: 'lost', received: slot.port.session.lastReceived });
    this.failAll(slot.port.end(), new ClosedError(1006, how));
  }

  #forget(slot: Slot, tombstone: Tombstone): void {
    const { id } = slot.port.session;
    slot.path = undefined;
    this.#slots.delete(id);
    this.#tombstones.set(id, tombstone);
    if (this.#latest === slot) this.#latest = undefined;
  }
}
