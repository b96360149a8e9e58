import { ClosedError } from '../../../src/errors/session-errors.ts';
import type { ChunkSocketError } from '../../../src/errors/chunk-socket-error.ts';
import { AbortedError } from '../../../src/errors/transfer-errors.ts';
import { linkDefaults } from '../../../src/protocol/limits.ts';
import type { Terms } from '../../../src/protocol/terms.ts';
import { OutgoingMessage } from '../../../src/session/mux/outgoing-message.ts';
import type { Priority } from '../../../src/session/mux/outgoing-message.ts';
import { BytesSource } from '../../../src/session/mux/source.ts';
import { Session } from '../../../src/session/session.ts';
import type { PathLimit } from '../../../src/session/link/limit-learner.ts';
import { namesItself, payload } from './ledger.ts';
import type { Entry, Ledger } from './ledger.ts';
import type { Way } from './lossy-path.ts';
import type { Random } from './random.ts';
import type { SimPort } from './sim-port.ts';
import type { ReaderRules } from './sim-reader.ts';
import { StreamSource } from './stream-source.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface NodeRules {
  readonly terms: Terms;
  readonly maxWholeBytes: number;
  readonly reader: ReaderRules;
  readonly maxPacketBytes: number;
  readonly startPacketBytes: number;
}

/** What the application sends. */
export interface Outgoing {
  readonly sizeBytes: number;
  readonly isText: boolean;
  readonly channel: string;
  readonly priority: Priority;
  /** `stream` has no known length, `slow` has one; both come in pieces. */
  readonly source: 'bytes' | 'stream' | 'slow';
  /** A source that comes in pieces gives up before the last one. */
  readonly isBroken: boolean;
  readonly ttlMs?: number | undefined;
}

/** What both ends have in common: an application that sends and aborts, and what becomes of its messages. */
export abstract class SimNode {
  readonly clock: VirtualClock;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly rules: NodeRules;
  readonly way: Way;
  /** Stops taking messages. */
  isClosing = false;
  /** Its application may leave messages unread. */
  isPatient = true;

  constructor(clock: VirtualClock, ledger: Ledger, random: Random, rules: NodeRules, way: Way) {
    this.clock = clock;
    this.ledger = ledger;
    this.random = random;
    this.rules = rules;
    this.way = way;
  }

  get reader(): ReaderRules {
    return this.rules.reader;
  }

  get maxWholeBytes(): number {
    return this.rules.maxWholeBytes;
  }

  /** The session that messages go to now. */
  abstract get port(): SimPort | undefined;

  /** Hands a message to the session, or keeps it for the next one. */
  protected abstract take(message: OutgoingMessage): void;

  send(outgoing: Outgoing): Entry | undefined {
    if (this.isClosing) return undefined;
    const { sizeBytes, isText, channel, priority, ttlMs } = outgoing;
    const id = this.ledger.nextId;
    const bytes = payload(id, isText, sizeBytes);
    const needsMeta = !namesItself(isText, bytes.length) || this.random.chance(0.2);
    const source = this.#source(outgoing, bytes);
    const meta = needsMeta ? { id, note: 'x'.repeat(this.random.chance(0.1) ? 1500 : 0) } : undefined;
    const expiresAtMs = ttlMs === undefined ? undefined : this.clock.nowMs + ttlMs;
    const message = new OutgoingMessage({ source, channel, priority, meta, expiresAtMs });
    const isBroken = outgoing.isBroken && outgoing.source !== 'bytes';
    const entry = this.ledger.add({ way: this.way, channel, isText, bytes, message, isBroken });
    this.take(message);
    return entry;
  }

  abort(entry: Entry): void {
    if (entry.outcome !== undefined) return;
    entry.isAborted = true;
    this.port?.session.abort(entry.message, new AbortedError());
    this.port?.flush();
  }

  /** Leaves nothing unread any more. */
  giveUp(): void {
    this.isPatient = false;
    this.port?.reader.giveUp();
  }

  protected hand(message: OutgoingMessage, port: SimPort): void {
    this.ledger.sending(message, port.session.id);
    port.session.send(message);
    port.schedule();
  }

  protected makeSession(id: string, remembered: PathLimit | undefined, wake: () => void): Session {
    const { terms, maxWholeBytes, maxPacketBytes, startPacketBytes } = this.rules;
    const isAcceptor = this.way === 'down';
    const heartbeatMs = isAcceptor ? linkDefaults.acceptorHeartbeatMs : linkDefaults.initiatorHeartbeatMs;
    return new Session({
      id,
      isAcceptor,
      terms,
      maxWholeBytes,
      maxPacketBytes,
      startPacketBytes,
      remembered,
      heartbeatMs,
      wake,
    });
  }

  /** The session ended in order: nothing may be left unsettled. */
  protected expectNothing(messages: readonly OutgoingMessage[], how: string): void {
    if (messages.length > 0) this.ledger.faults.push(`${this.way}: ${messages.length} messages unsettled after ${how}`);
    this.failAll(messages, new ClosedError(1000, how));
  }

  protected failAll(messages: readonly OutgoingMessage[], error: ChunkSocketError): void {
    for (const message of messages) this.ledger.settled(message, 'failed', error);
  }

  #source({ source: kind, isText, isBroken }: Outgoing, bytes: Uint8Array): BytesSource | StreamSource {
    if (kind === 'bytes') return new BytesSource(bytes, isText);
    const source = new StreamSource(kind === 'slow' ? bytes.length : undefined, isText);
    const pieces = this.random.int(1, 5);
    let at = 0;
    let atMs = this.clock.nowMs;
    for (let i = 0; i < pieces; i++) {
      const isLast = i === pieces - 1;
      const end = isLast ? bytes.length : this.random.int(at, bytes.length);
      const piece = bytes.subarray(at, end);
      at = end;
      atMs += this.random.scaled(1, 2000);
      this.clock.at(atMs, () => {
        if (isLast && isBroken) {
          source.fail(new Error('no more'));
          return;
        }
        if (piece.length > 0) source.push(piece);
        // The end is told with the last piece, or later and alone.
        if (isLast && this.random.chance(0.5)) source.end();
        else if (isLast)
          this.clock.after(this.random.int(1, 500), () => {
            source.end();
          });
      });
    }
    return source;
  }
}
