import { ClosedError, LimitTooSmallError, ProtocolError } from '../errors/session-errors.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import type { Hello } from '../protocol/hello.ts';
import { DEFAULT_TERMS, linkDefaults } from '../protocol/limits.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import { encodeWelcome } from '../protocol/welcome.ts';
import { toSource } from '../runtime/payload.ts';
import type { SendData } from '../runtime/payload.ts';
import type { SessionEffect } from '../runtime/port-owner.ts';
import { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { Unsubscribe } from '../runtime/safe-emitter.ts';
import { SessionPort } from '../runtime/session-port.ts';
import type { SendOptions } from '../runtime/send-options.ts';
import type { Stats } from '../runtime/stats.ts';
import type { Transfer } from '../runtime/transfer.ts';
import type { TransportClose } from '../runtime/transport.ts';
import type { Source } from '../session/mux/source.ts';
import { Session } from '../session/session.ts';
import { handshakeOf, rememberedPath } from './hello-facts.ts';
import { checkNumber } from './options.ts';
import type { SecretHash } from './secret-hash.ts';
import type {
  RequestInfo,
  ServerSession,
  ServerSessionEvents,
  SessionCloseOptions,
  SessionStatus,
} from './server-session.ts';
import { checkCloseArguments } from './session-close-arguments.ts';
import type { SessionEnding } from './session-ending.ts';
import type { SessionConnection, SessionHost, SessionInit } from './session-host.ts';
import { SessionOwner } from './session-owner.ts';

type Phase =
  | { readonly kind: 'connected'; readonly connection: SessionConnection }
  | { readonly kind: 'waiting'; readonly stopTimer: () => void }
  | { readonly kind: 'ended' };

const NEW: Phase = { kind: 'waiting', stopTimer: () => undefined };
const ENDED: Phase = { kind: 'ended' };

/** A session on the side that takes connections: a {@link SessionPort}, and the coming and going of its connections. */
export class AcceptedSession implements ServerSession {
  readonly id: string;
  readonly identity: string;
  readonly protocol: string;
  readonly request: RequestInfo;
  readonly secret: SecretHash;
  /** What it counts for in the limits per address. */
  readonly address: string | undefined;
  /** Number of the last connection. */
  connectionNumber = 0;
  readonly #host: SessionHost;
  readonly #emitter: SafeEmitter<ServerSessionEvents>;
  readonly #port: SessionPort;
  /** Where somebody waits for it. */
  #closed: Promise<void> | undefined;
  #resolveClosed: (() => void) | undefined;
  #phase: Phase = NEW;
  #status: SessionStatus = 'open';
  #stopDeadline: (() => void) | undefined;
  /** Called when a packet of the client came, or the client itself. */
  onLife: (() => void) | undefined;
  onLost: (() => void) | undefined;

  constructor(host: SessionHost, hello: Hello, { identity, protocol, secret, address, request, terms }: SessionInit) {
    const { options } = host;
    this.id = hello.session;
    this.identity = identity;
    this.protocol = protocol;
    this.request = request;
    this.secret = secret;
    this.address = address;
    this.#host = host;
    this.#emitter = new SafeEmitter(host.report);
    this.#port = new SessionPort(
      new SessionOwner(host, this, this.#emitter),
      (wake) =>
        new Session({
          id: hello.session,
          isAcceptor: true,
          terms,
          maxWholeBytes: options.maxMessageBytes,
          maxPacketBytes: options.maxPacketBytes ?? DEFAULT_TERMS.maxPacketBytes,
          startPacketBytes: options.startPacketBytes,
          remembered: rememberedPath(hello.limitHint),
          heartbeatMs: options.heartbeatMs,
          wake,
        }),
    );
  }

  get status(): SessionStatus {
    return this.#status;
  }

  get phase(): Phase['kind'] {
    return this.#phase.kind;
  }

  get bufferedAmount(): number {
    return this.#port.bufferedBytes;
  }

  get ready(): Promise<void> {
    return this.#port.ready;
  }

  /** Bytes of outgoing messages in memory: their sources, and what is in the stream and not acknowledged. */
  get heldBytes(): number {
    const { heldBytes, link } = this.#port.session;
    return heldBytes + link.streamEnd - link.acked;
  }

  /** Bytes of incoming messages that the application has not taken. */
  get incomingBytes(): number {
    return this.#port.session.receiver.heldBytes;
  }

  send(data: SendData, options?: SendOptions): Transfer {
    return this.sendFrom(() => toSource(data, options?.transfer), options);
  }

  sendFrom(makeSource: () => Source, options: SendOptions = {}): Transfer {
    const transfer = this.#port.sendFrom(makeSource, options);
    if (this.#phase.kind === 'waiting') this.#host.grew(this);
    return transfer;
  }

  on<Name extends keyof ServerSessionEvents>(
    name: Name,
    listener: (event: ServerSessionEvents[Name]) => unknown,
  ): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  once<Name extends keyof ServerSessionEvents>(
    name: Name,
    listener: (event: ServerSessionEvents[Name]) => unknown,
  ): Unsubscribe {
    return this.#emitter.once(name, listener);
  }

  stats(): Stats {
    return this.#port.stats();
  }

  close(
    code: number = CloseCode.normal,
    reason = '',
    { drainMs = linkDefaults.drainMs }: SessionCloseOptions = {},
  ): Promise<void> {
    checkCloseArguments(code, reason, drainMs);
    return this.closeWith(code, reason, drainMs);
  }

  /** As {@link close}, with any code that can stand in a close frame. */
  closeWith(code: number, reason: string, drainMs: number = linkDefaults.drainMs): Promise<void> {
    if (this.#status !== 'closing' && this.#status !== 'closed') {
      this.#port.stopTaking(new ClosedError(code, reason));
      this.#port.session.close(code, reason, drainMs, this.#host.clock.now());
      this.#port.schedule();
      this.#update();
    }
    if (this.#status === 'closed') return Promise.resolve();
    return (this.#closed ??= new Promise((resolve) => {
      this.#resolveClosed = resolve;
    }));
  }

  goAway(deadlineMs: number): void {
    checkNumber('deadlineMs', deadlineMs, 0, Number.MAX_SAFE_INTEGER);
    // A side that has said CLOSE says nothing new.
    if (this.#port.session.state.kind !== 'open' || this.#stopDeadline !== undefined) return;
    this.#stopDeadline = this.#host.clock.setTimer(deadlineMs, () => {
      this.leave();
    });
    this.#port.hold();
    this.#port.stopTaking(new ClosedError(CloseCode.goingAway, 'going away'));
    this.#port.session.goAway(deadlineMs);
    this.#port.schedule();
  }

  terminate(): void {
    this.#port.discard(true);
    this.#end({ code: CloseCode.abandoned, reason: 'terminated' });
  }

  /** The server goes, and the client is to come back elsewhere. */
  leave(): void {
    this.#end({ code: CloseCode.serviceRestart, reason: 'going away', isLost: true });
  }

  /** The server cannot keep it any longer. */
  evict(reason: string): void {
    this.#end({ code: CloseCode.abnormal, reason, isLost: true });
  }

  /** It holds more of what came than the server has room for, also when it is over. */
  overflow(): void {
    this.#port.discard(false);
    this.#end({ code: CloseCode.tryAgainLater, reason: 'too much incoming data held', isLost: true });
  }

  /** A connection has said HELLO and is the session's from now on; answers with WELCOME. Not for a session that is over. */
  connect(connection: SessionConnection, hello: Hello, result: 'new' | 'resumed'): void {
    if (this.#phase.kind === 'connected') this.#phase.connection.close(CloseCode.replaced, 'replaced');
    else if (this.#phase.kind === 'waiting') this.#phase.stopTimer();
    const port = this.#port;
    const { link } = port.session;
    this.connectionNumber = hello.connection;
    this.#phase = { kind: 'connected', connection };
    this.#host.connected(this);
    const { resumeMs, route } = this.#host.options;
    const { floor, ceiling } = link.learner.memory;
    const terms = { ...port.session.terms, maxPacketBytes: connection.maxPacketBytes };
    connection.transport.send(
      encodeWelcome({
        version: PROTOCOL_VERSION,
        result,
        protocol: this.protocol,
        ...port.session.counts(),
        resumeMs,
        route,
        ...terms,
        limit: result === 'resumed' ? { floor, ceiling } : undefined,
      }),
    );
    const resentBytes = link.streamEnd - hello.received;
    port.connect(connection.transport, handshakeOf(hello));
    this.#update();
    if (result === 'resumed' && port.session.state.kind !== 'ended') {
      this.onLife?.();
      this.#emitter.emit('resume', { resentBytes, connections: port.stats().connections });
    }
  }

  /** A packet of a connection; one that is no longer the session's does not count. */
  receive(connection: SessionConnection, bytes: Uint8Array): void {
    if (!this.#has(connection)) return;
    this.#port.receive(bytes);
    this.onLife?.();
    if (this.#phase.kind !== 'ended') this.#host.received(this);
  }

  /** Asks the client for a sign of life, if it is there: {@link onLife}. */
  probe(): void {
    this.#port.session.link.probe();
    this.#port.schedule();
  }

  /** The connection broke a rule outside of any packet. */
  violated(connection: SessionConnection, violation: ViolationName): void {
    if (!this.#has(connection)) return;
    this.#port.session.fail(violation);
    this.#port.flush();
  }

  /** We refused a packet since it was too big; the client is told when it is back. */
  refused(connection: SessionConnection, maxPacketBytes: number): void {
    if (!this.#has(connection)) return;
    this.#port.session.noteRefused(maxPacketBytes);
    // The close is ours: it tells nothing of what the client takes.
    this.#lose(undefined);
  }

  /** The connection is over. */
  lost(connection: SessionConnection, { code, reason }: TransportClose): void {
    if (!this.#has(connection)) return;
    if (code === CloseCode.protocolViolation) {
      this.#end({ code, reason, error: new ProtocolError(reason, true) });
    } else if (code === CloseCode.abandoned || code === CloseCode.limitTooSmall) {
      this.#end({ code, reason });
    } else {
      this.#lose(code);
    }
  }

  #has(connection: SessionConnection): boolean {
    return this.#phase.kind === 'connected' && this.#phase.connection === connection;
  }

  /** Does what the engine wants done. */
  perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'peer-close':
        this.#port.stopTaking(new ClosedError(effect.code, effect.reason));
        this.#update();
        break;
      case 'finished': {
        const { code, reason } = this.#closeOf();
        this.#end({ code, reason, wasClean: true, transport: { code: CloseCode.normal, reason: '' } });
        break;
      }
      case 'drain-timeout': {
        // Leaving: the client is to come back elsewhere, not to take it for the end.
        if (this.#stopDeadline !== undefined) {
          this.leave();
          break;
        }
        const { code, reason } = this.#closeOf();
        this.#end({ code, reason, transport: { code: CloseCode.abandoned, reason: 'drain timeout' } });
        break;
      }
      case 'stalled':
        if (this.#phase.kind !== 'connected') break;
        this.#phase.connection.close(CloseCode.stalled, 'stalled');
        this.#lose(CloseCode.stalled);
        break;
      case 'violation': {
        const { name } = effect;
        this.#end({ code: CloseCode.protocolViolation, reason: name, error: new ProtocolError(name, false) });
        break;
      }
      case 'limit-too-small':
        this.#end({
          code: CloseCode.limitTooSmall,
          reason: 'limit too small',
          error: new LimitTooSmallError(effect.trail),
        });
        break;
      case 'limit':
      case 'peer-limit':
      case 'goaway':
    }
  }

  /** Code and reason that the session is closing with. */
  #closeOf(): { readonly code: number; readonly reason: string } {
    const { state } = this.#port.session;
    return state.kind === 'closing' ? state : { code: CloseCode.normal, reason: '' };
  }

  #lose(code: number | undefined): void {
    const { clock, options } = this.#host;
    // Of whom nothing was heard behind HELLO, it is not known whether WELCOME came, nor whether they will.
    const wasHeard = this.#port.session.link.counters.receivedPackets > 0;
    const waitMs = wasHeard ? options.resumeMs : Math.min(options.resumeMs, options.handshakeTimeoutMs);
    const stopTimer = clock.setTimer(waitMs, () => {
      this.evict(`not resumed within ${waitMs} ms`);
    });
    this.#phase = { kind: 'waiting', stopTimer };
    this.#port.disconnect(code);
    this.#update();
    if (this.phase !== 'ended') this.#host.waits(this);
    this.onLost?.();
  }

  #end({ code, reason, wasClean = false, error, transport = { code, reason }, isLost = false }: SessionEnding): void {
    const phase = this.#phase;
    if (phase.kind === 'ended') return;
    this.#phase = ENDED;
    this.#stopDeadline?.();
    if (phase.kind === 'waiting') phase.stopTimer();
    else phase.connection.close(transport.code, transport.reason);
    this.#port.end(new ClosedError(code, reason, error));
    const { secret, identity, connectionNumber: connection } = this;
    const { lastReceived: received } = this.#port.session;
    const close = isLost ? undefined : { code, reason };
    this.#host.over(this, { secret, identity, connection, received, close });
    // Behind whatever the port is handing out just now.
    queueMicrotask(() => {
      this.#update();
      if (error !== undefined) this.#emitter.emit('error', { error });
      this.#emitter.emit('close', { code, reason, wasClean, error });
      this.#resolveClosed?.();
    });
  }

  #update(): void {
    const previous = this.#status;
    const status = this.#currentStatus();
    if (status === previous) return;
    this.#status = status;
    this.#emitter.emit('status', { status, previous });
  }

  #currentStatus(): SessionStatus {
    if (this.#phase.kind === 'ended') return 'closed';
    if (this.#port.session.state.kind === 'closing') return 'closing';
    return this.#phase.kind === 'connected' ? 'open' : 'waiting';
  }
}
