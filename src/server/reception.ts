import type { IncomingMessage } from 'node:http';
import { CloseCode } from '../protocol/close-codes.ts';
import type { Hello } from '../protocol/hello.ts';
import { DEFAULT_TERMS } from '../protocol/limits.ts';
import type { Terms } from '../protocol/terms.ts';
import type { Clock } from '../runtime/clock.ts';
import type { TransportHandlers } from '../runtime/transport.ts';
import { AcceptedSession } from './accepted-session.ts';
import { AdmissionRate } from './admission-rate.ts';
import { arrivals } from './arrivals.ts';
import { clientAddress } from './client-address.ts';
import { IncomingBudget } from './incoming-budget.ts';
import { IncomingConnection } from './incoming-connection.ts';
import type { ConnectionHost, Verdict } from './incoming-connection.ts';
import { nodeClock } from './node-clock.ts';
import { isShort } from './options.ts';
import type { ResolvedOptions } from './options.ts';
import { SecretHash } from './secret-hash.ts';
import type { SessionHost } from './session-host.ts';
import { SessionStore } from './session-store.ts';
import { Tombstones } from './tombstones.ts';
import type { Owner, Tombstone } from './tombstones.ts';
import { WsTransport } from './ws-transport.ts';
import type { WsSocket } from './ws-transport.ts';

/** A connection that was closed before it had a session. */
export interface RefuseEvent {
  readonly code: number;
  readonly reason: string;
  readonly request: IncomingMessage;
  /** What `authorize` threw, if that is why. */
  readonly cause: unknown;
}

/** What the reception tells. */
export interface ReceptionListener {
  /** A session was made. */
  session(session: AcceptedSession): void;
  refuse(event: RefuseEvent): void;
  /** A session is over, and was taken off the books. */
  left(): void;
  report(error: unknown): void;
}

/** Decides on who comes in: keeps the sessions, what is left of old ones, and the limits of both. */
export class Reception implements ConnectionHost, SessionHost {
  readonly options: ResolvedOptions;
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  readonly store: SessionStore;
  readonly tombstones: Tombstones;
  /** New sessions are refused; old ones still resume. */
  isLeaving = false;
  readonly #listener: ReceptionListener;
  readonly #rate: AdmissionRate;
  readonly #incoming: IncomingBudget;
  /**
   * Ids answered with `gone`: a first HELLO of one comes too late, its early data was sent again elsewhere. Apart from
   * the tombstones, so that asking for sessions that never were pushes none of those out.
   */
  readonly #gone: Tombstones<Owner>;
  /** Connections that have no session yet, the oldest first. */
  readonly #arriving = new Set<IncomingConnection>();
  readonly report: (error: unknown) => void;
  /** What the last session takes: as a rule all take the same, and share it. */
  #terms: Terms | undefined;

  constructor(options: ResolvedOptions, listener: ReceptionListener) {
    this.options = options;
    this.clock = options.clock ?? nodeClock(false);
    this.handshakeTimeoutMs = options.handshakeTimeoutMs;
    this.#listener = listener;
    this.report = listener.report.bind(listener);
    this.store = new SessionStore(options);
    this.tombstones = new Tombstones(options.maxTombstones, options.resumeMs);
    this.#gone = new Tombstones(options.maxTombstones, options.resumeMs);
    this.#rate = new AdmissionRate(options, this.clock.now());
    this.#incoming = new IncomingBudget(options.maxIncomingBytes);
  }

  get arrivingCount(): number {
    return this.#arriving.size;
  }

  /** Bytes of incoming messages that nobody has taken, of all sessions. */
  get incomingBytes(): number {
    return this.#incoming.count();
  }

  /** @param maxPayloadBytes - what `ws` lets through, undefined where it is not known */
  accept(socket: WsSocket, request: IncomingMessage, maxPayloadBytes: number | undefined): void {
    const { maxPacketBytes: own } = this.options;
    // A socket tells for ever what it told once: one that is reset right behind HELLO would have no address any more.
    clientAddress(request);
    const known = maxPayloadBytes ?? own ?? DEFAULT_TERMS.maxPacketBytes;
    const maxPacketBytes = Math.min(own ?? Infinity, known);
    const open = (handlers: TransportHandlers): WsTransport =>
      new WsTransport(socket, handlers, { clock: this.clock, maxPacketBytes, maxPayloadBytes });
    const [oldest] = this.#arriving;
    if (this.#arriving.size >= this.options.maxArrivingConnections) {
      oldest?.refuse(CloseCode.tryAgainLater, 'too many connections at once');
    }
    this.#arriving.add(new IncomingConnection(this, request, maxPacketBytes, open));
  }

  /** Ends every connection that has no session. */
  refuseArriving(): void {
    for (const connection of [...this.#arriving]) connection.refuse(CloseCode.serviceRestart, 'going away');
  }

  async authorize(hello: Hello, request: IncomingMessage): Promise<string> {
    const { authorize } = this.options;
    if (authorize === undefined) return '';
    const result: unknown = await authorize({ auth: hello.auth, request, session: hello.session });
    if (result === true) return '';
    if (typeof result === 'string') return result;
    throw new TypeError(`authorize refused: it returned ${result === false ? 'false' : typeof result}`);
  }

  admit(hello: Hello, identity: string, connection: IncomingConnection): Verdict {
    const { session: id, secret, expected } = hello;
    const nowMs = this.clock.now();
    const session = this.store.get(id);
    const tombstone = session === undefined ? this.tombstones.get(id, nowMs) : undefined;
    const gone = session === undefined ? this.#gone.get(id, nowMs) : undefined;
    const known = session ?? tombstone ?? gone;
    if (known !== undefined) {
      const isOwner = known.secret.matches(secret) && known.identity === identity;
      if (!isOwner) return { kind: 'refused', code: CloseCode.sessionRefused, reason: 'session refused' };
      const last = session?.connectionNumber ?? Math.max(tombstone?.connection ?? 0, gone?.connection ?? 0);
      if (hello.connection <= last) {
        return { kind: 'refused', code: CloseCode.staleConnection, reason: `connection is not above ${last}` };
      }
    }
    if (session !== undefined) return { kind: 'resumed', session };
    if (tombstone?.close !== undefined) {
      return { kind: 'ended', received: tombstone.received, close: tombstone.close };
    }
    if (expected) {
      this.#gone.add(id, { secret: new SecretHash(secret), identity, connection: hello.connection }, nowMs);
      return { kind: 'gone', received: tombstone?.received };
    }
    if (gone !== undefined) return { kind: 'refused', code: CloseCode.staleConnection, reason: 'session is gone' };
    return this.#create(hello, identity, connection.request, connection.maxPacketBytes);
  }

  announce(session: AcceptedSession): void {
    this.#listener.session(session);
    arrivals.delete(session);
  }

  refused(connection: IncomingConnection, code: number, reason: string, cause: unknown): void {
    this.#listener.refuse({ code, reason, request: connection.request, cause });
  }

  arrived(connection: IncomingConnection): void {
    this.#arriving.delete(connection);
  }

  over(session: AcceptedSession, tombstone: Tombstone): void {
    this.store.remove(session);
    this.#incoming.ended(session);
    this.tombstones.add(session.id, tombstone, this.clock.now());
    this.#listener.left();
  }

  roomFor(session: AcceptedSession): number {
    return this.store.roomFor(session);
  }

  connected(session: AcceptedSession): void {
    this.store.connected(session);
  }

  waits(session: AcceptedSession): void {
    this.store.waits(session);
  }

  grew(session: AcceptedSession): void {
    this.store.grew(session);
  }

  received(session: AcceptedSession): void {
    this.#incoming.grew(session);
  }

  #create(hello: Hello, identity: string, request: IncomingMessage, maxPacketBytes: number): Verdict {
    if (hello.received !== 0) return { kind: 'violation', name: 'received-regressed' };
    if (this.isLeaving) return { kind: 'refused', code: CloseCode.serviceRestart, reason: 'going away' };
    const nowMs = this.clock.now();
    const address = this.#addressOf(request);
    const problem = this.#rate.problem(identity, address, nowMs) ?? this.store.makeRoom(identity, address);
    if (problem !== undefined) return { kind: 'refused', code: CloseCode.tryAgainLater, reason: problem };
    this.#rate.take(identity, address, nowMs);
    const { url = '', headers, socket } = request;
    const session = new AcceptedSession(this, hello, {
      identity,
      protocol: this.#selectProtocol(hello.protocols, request),
      secret: new SecretHash(hello.secret),
      address,
      request: { url, headers, remoteAddress: socket.remoteAddress },
      terms: this.#termsOf(maxPacketBytes),
    });
    this.tombstones.delete(session.id);
    this.store.add(session);
    arrivals.set(session, { session, request });
    return { kind: 'new', session };
  }

  #termsOf(maxPacketBytes: number): Terms {
    if (this.#terms?.maxPacketBytes === maxPacketBytes) return this.#terms;
    const { initialChannelCredit, poolBytes, maxOpenChannels } = this.options;
    const maxMessageBytes = Math.max(this.options.maxMessageBytes, this.options.maxStreamBytes);
    return (this.#terms = { maxPacketBytes, maxMessageBytes, initialChannelCredit, poolBytes, maxOpenChannels });
  }

  #addressOf(request: IncomingMessage): string | undefined {
    const { addressOf = clientAddress } = this.options;
    try {
      return addressOf(request);
    } catch (error) {
      this.report(error);
      return clientAddress(request);
    }
  }

  #selectProtocol(offered: readonly string[], request: IncomingMessage): string {
    const { protocols = [] } = this.options;
    if (typeof protocols !== 'function') return offered.find((name) => protocols.includes(name)) ?? '';
    try {
      const chosen = protocols(offered, request) ?? '';
      if (chosen === '' || (offered.includes(chosen) && isShort(chosen))) return chosen;
      throw new RangeError(`protocols chose ${JSON.stringify(chosen)}, which was not offered, or is too long`);
    } catch (error) {
      this.report(error);
      return '';
    }
  }
}
