import { nanoid } from 'nanoid';
import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import { ClosedError, LimitTooSmallError, ProtocolError } from '../errors/session-errors.ts';
import type { OptionError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { offeredProtocols, SUBPROTOCOL } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import type { EstablishedWelcome, GoneWelcome, Welcome } from '../protocol/welcome.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import { SessionPort } from '../runtime/session-port.ts';
import type { SessionEffect } from '../runtime/port-owner.ts';
import type { Transport, TransportClose } from '../runtime/transport.ts';
import { Session } from '../session/session.ts';
import type { ConnectionPhase } from './connection-phase.ts';
import { createEmitter } from './create-emitter.ts';
import type { Dial } from './dial.ts';
import { Dialer } from './dialer.ts';
import type { DialUser } from './dialer.ts';
import type { ChunkSocketEvents, Status } from './events.ts';
import { FallbackProbe } from './fallback-probe.ts';
import type { Attempt, ProbeUser } from './fallback-probe.ts';
import { Handshake, misunderstood, readWelcome } from './handshake.ts';
import type { HeldConnection } from './held-connection.ts';
import { LimitMemory } from './limit-memory.ts';
import type { ConnectorOptions, PerConnection } from './options.ts';
import { isHidden, watchPage } from './page-lifecycle.ts';
import type { Farewell, PlainHandover } from './plain-handover.ts';
import { GOOD_AFTER_MS, RetryPolicy } from './retry-policy.ts';
import { endOf } from './socket-driver.ts';
import type { SocketDriver } from './socket-driver.ts';
import { socketUrl } from './socket-url.ts';

/**
 * Keeps one session connected: opens connections, shakes hands, comes back after a loss, and starts a new session where
 * the old one cannot go on. Knows nothing of messages, which are the port's.
 */
export class Connector implements SocketDriver, DialUser, ProbeUser {
  readonly emitter: SafeEmitter<ChunkSocketEvents>;
  readonly port: SessionPort;
  readonly over: Promise<void>;
  status: Status = 'connecting';
  protocol = '';
  readonly #options: ConnectorOptions;
  readonly #retry: RetryPolicy;
  readonly #dialer: Dialer;
  readonly #becomePlain: ((handover: PlainHandover) => void) | undefined;
  /** Where the server need not speak the protocol. */
  readonly #probe: FallbackProbe | undefined;
  readonly #stopWatching: () => void;
  #memory: LimitMemory | undefined;
  #phase: ConnectionPhase = 'waiting';
  #auth: unknown;
  #route: string | undefined;
  #upSinceMs = 0;
  #ackedAtStart = 0;
  #handshake!: Handshake;
  /** The server is about to go: when this session has ended, a new one follows. */
  #isLeaving = false;
  /** How the application closed, for the session that follows where the server was leaving. */
  #farewell: Farewell | undefined;

  /** @param becomePlain - takes over, once, from a server that does not speak the protocol, where `fallback` allows it */
  constructor(
    url: PerConnection<string | URL>,
    options: ConnectorOptions,
    becomePlain?: (handover: PlainHandover) => void,
  ) {
    this.#options = options;
    this.emitter = createEmitter(options);
    this.#becomePlain = becomePlain;
    if (becomePlain !== undefined && options.fallback === 'plain') {
      this.#probe = new FallbackProbe(this, options.protocols, () => options.clock.now());
    }
    this.#dialer = new Dialer(url, options, this.emitter, this);
    if (typeof url !== 'function') this.#memory = new LimitMemory(socketUrl(url), options.rememberLimits);
    this.over = endOf(this.emitter);
    this.#retry = new RetryPolicy(options, this.emitter.report);
    const owner = { ...options, emitter: this.emitter, handleEffect: this.#handle.bind(this) };
    this.port = new SessionPort(owner, this.#makeSession);
    this.#stopWatching = watchPage(
      () => {
        this.#woke();
      },
      this.#dialer.suspend,
      (isThrottled) => {
        this.port.throttle(isThrottled);
      },
    );
    this.again();
  }

  /** Finishes what was sent, then closes. */
  close(code: number, reason: string, drainMs: number): void {
    const { port } = this;
    const nowMs = this.#options.clock.now();
    this.#farewell = { code, reason, deadlineMs: nowMs + drainMs };
    port.stopTaking(new ClosedError(code, reason));
    this.#setStatus('closing');
    if (!port.session.isExpected && port.session.peerTerms === undefined && port.bufferedBytes === 0) {
      // The server may have made the session by now, and is not to keep it.
      if (this.#phase === 'greeting') this.#drop(CloseCode.abandoned, '');
      this.#finish(code, reason, undefined, true);
    } else {
      port.session.close(code, reason, drainMs, nowMs);
      port.schedule();
    }
  }

  /** Ends the session at once, for something that went wrong on this side. */
  abandon(): void {
    this.#finish(CloseCode.abandoned, 'abandoned');
  }

  opened(): void {
    const transport = this.#dialer.transport as Transport;
    this.#phase = 'greeting';
    if (transport.protocol === SUBPROTOCOL) this.#greet(transport);
    else this.#finish(CloseCode.normal, 'unknown subprotocol', misunderstood(transport.protocol));
  }

  received(bytes: Uint8Array): void {
    if (this.#phase === 'up') this.port.receive(bytes);
    else this.#welcomed(readWelcome(bytes));
  }

  receivedText(): void {
    this.#violated('text-packet');
  }

  closed(close: TransportClose): void {
    const { session } = this.port;
    const { code, reason } = close;
    const isUp = this.#phase === 'up';
    const wasGreeting = this.#phase === 'greeting';
    const wasGood = isUp && (session.link.acked > this.#ackedAtStart || this.#hasStood());
    this.#dialer.transport = undefined;
    this.#probe?.reset();
    const isWorthIt = this.port.disconnect(code);
    if (this.#isClosed() || this.port.session !== session) return;
    const { state } = session;
    if (isUp && code === CloseCode.normal && state.kind === 'closing' && state.isFinished === true) {
      this.#sessionOver(state.code, state.reason, true);
      return;
    }
    const decision = this.#retry.decide({
      close,
      wasOnlyHello: wasGreeting && !this.#handshake.isFirst,
      isEstablished: session.peerTerms !== undefined,
      wasGood,
      isWorthIt,
    });
    // The application was asked, and may have closed.
    if (this.#isClosed()) return;
    if (typeof decision === 'number') this.#wait(decision, close, isUp || wasGreeting);
    // A server that leaves and lost patience does not mean the socket, but the session.
    else if (this.#isLeaving && code === CloseCode.abandoned) this.#sessionOver(code, reason);
    else this.#finish(code, reason, decision);
  }

  asked({ url, auth }: Dial): Attempt {
    const { protocols, rememberLimits } = this.#options;
    this.#auth = auth;
    this.#memory ??= new LimitMemory(url, rememberLimits);
    return this.#probe?.next(url) ?? { protocols: offeredProtocols(protocols), handlers: this };
  }

  failed(error: OptionError): void {
    this.#finish(CloseCode.abnormal, '', error);
  }

  again(): void {
    this.#phase = 'opening';
    const { attempt, wasRefused } = this.#retry;
    void this.#dialer.connect({ attempt, route: this.#route, wasRefused });
  }

  plain(connection: HeldConnection): void {
    const { emitter, over } = this;
    const outbox = this.port.release();
    const { status } = this;
    // Its last effects may have ended it.
    if (status === 'closed') {
      connection.drop();
      return;
    }
    this.#stopWatching();
    // The connection lives on, and the timer does not.
    this.#dialer.transport = undefined;
    this.#drop(CloseCode.normal, '');
    this.status = 'closed';
    this.#becomePlain?.({ emitter, over, status, outbox, connection, farewell: this.#farewell });
  }

  /** The connection has been up for so long that it counts as one that held. */
  #hasStood(): boolean {
    return this.#options.clock.now() - this.#upSinceMs >= GOOD_AFTER_MS;
  }

  #wait(delayMs: number, close: TransportClose, wasOpen: boolean): void {
    if (this.status === 'open') this.#setStatus('reconnecting');
    if (this.#isClosed()) return;
    this.#phase = 'waiting';
    this.#dialer.wait(delayMs, this.again.bind(this));
    this.emitter.emit('retry', { attempt: this.#retry.attempt, delayMs, close, wasOpen });
  }

  readonly #makeSession = (wake: () => void): Session => {
    this.#handshake = new Handshake(this.#options.protocols);
    const remembered = this.#memory?.read().up;
    const { maxMessageBytes: maxWholeBytes } = this.#options;
    const id = nanoid(22);
    const session = new Session({ ...this.#options, id, maxWholeBytes, isAcceptor: false, remembered, wake });
    session.link.isTimerThrottled = isHidden();
    return session;
  };

  #isClosed(): boolean {
    return this.status === 'closed';
  }

  #setStatus(status: Status): void {
    const previous = this.status;
    if (previous === status || previous === 'closed') return;
    this.status = status;
    this.emitter.emit('status', { status, previous });
  }

  /** Says HELLO, which makes a session or resumes it. */
  #greet(transport: Transport): void {
    const { port } = this;
    try {
      transport.send(this.#handshake.hello(port.session, this.#auth, this.#memory?.read().down));
      if (this.#handshake.isFirst) port.connectEarly(transport);
    } catch (error) {
      this.#finish(CloseCode.abnormal, '', error as OptionError);
    }
  }

  #welcomed(welcome: Welcome | ViolationName): void {
    if (typeof welcome === 'string') {
      this.#violated(welcome);
      return;
    }
    this.#retry.welcomed('resumeMs' in welcome ? welcome.resumeMs : 0);
    const { session } = this.port;
    switch (welcome.result) {
      case 'gone':
        this.#lost(welcome);
        break;
      case 'ended': {
        const { code, reason } = welcome.close;
        session.settleLast(welcome.received);
        this.port.flush();
        // Clean is an end that this side took part in, and that left nothing undone.
        this.#sessionOver(code, reason, session.state.kind === 'closing' && this.port.bufferedBytes === 0);
        break;
      }
      case 'new':
      case 'resumed':
        this.#established(welcome);
    }
  }

  /** The server has the session no longer: goes on with a new one, on the same connection. */
  #lost({ received }: GoneWelcome): void {
    const { port } = this;
    const { session } = port;
    if (received !== undefined) session.settleLast(received);
    if (!this.#handshake.wasExpected) {
      this.#violated('bad-welcome');
    } else if (this.status === 'closing' || this.#options.livesOnce) {
      this.#finish(CloseCode.abnormal, 'session lost');
    } else {
      this.#isLeaving = false;
      port.replace(this.#makeSession);
      this.emitter.emit('lost', { session: session.id });
      // A listener may have closed the socket.
      if (this.#dialer.transport !== undefined) this.#greet(this.#dialer.transport);
    }
  }

  #established(welcome: EstablishedWelcome): void {
    const { port, emitter } = this;
    const { session } = port;
    const { protocol, route, received, limit } = welcome;
    if (!this.#handshake.accepts(welcome)) {
      this.#violated('bad-welcome');
      return;
    }
    const transport = this.#dialer.transport as Transport;
    const isFirst = session.peerTerms === undefined;
    const resentBytes = session.link.streamEnd - received;
    this.#dialer.stopWaiting();
    this.#phase = 'up';
    this.#upSinceMs = this.#options.clock.now();
    this.#ackedAtStart = received;
    this.protocol = protocol;
    this.#route = route ?? this.#route;
    if (limit !== undefined) this.#memory?.write({ down: { ...limit, provisional: true } });
    port.connect(transport, welcome);
    // What came of it may have ended the connection.
    if (this.#dialer.transport !== transport) return;
    const isOpening = this.status === 'connecting';
    if (this.status !== 'closing') this.#setStatus('open');
    if (isOpening) emitter.emit('open', { protocol });
    else if (!isFirst) emitter.emit('resume', { resentBytes, connections: port.stats().connections });
  }

  /** Comes back at once instead of waiting, or makes sure that the connection is still there. */
  #woke(): void {
    if (this.#phase === 'waiting') {
      this.again();
    } else {
      this.port.session.link.probe();
      this.port.flush();
    }
  }

  #handle(effect: SessionEffect): void {
    const { port } = this;
    switch (effect.kind) {
      case 'limit':
        this.#memory?.write({ up: port.session.link.learner.memory });
        break;
      case 'peer-limit':
        this.#memory?.write({ down: { floor: effect.floor, ceiling: effect.ceiling, provisional: true } });
        break;
      case 'goaway':
        if (this.#isLeaving || this.status === 'closing') break;
        port.hold();
        if (this.#options.livesOnce) {
          port.stopTaking(new ClosedError(CloseCode.goingAway, ''));
          this.#setStatus('closing');
        } else {
          this.#isLeaving = true;
        }
        port.session.close(CloseCode.goingAway, 'going away', effect.deadlineMs, this.#options.clock.now());
        break;
      case 'peer-close':
        if (this.#isLeaving) break;
        port.stopTaking(new ClosedError(effect.code, effect.reason));
        this.#setStatus('closing');
        break;
      case 'stalled':
        this.#dialer.lose(CloseCode.stalled, 'nothing gets through');
        break;
      case 'violation':
        this.#violated(effect.name);
        break;
      case 'limit-too-small':
        this.#finish(CloseCode.limitTooSmall, 'limit too small', new LimitTooSmallError(effect.trail));
        break;
      case 'drain-timeout':
        this.#drop(CloseCode.abandoned, 'not finished in time');
        this.#sessionOver(CloseCode.abnormal, 'not finished in time');
        break;
      // Waits for the server's word: its close of the connection, or its next WELCOME.
      case 'finished':
    }
  }

  /** The session ended: with the socket, or to make way for the next one, which is to be anywhere but there. */
  #sessionOver(code: number, reason: string, wasClean = false): void {
    this.#drop(CloseCode.normal, '');
    if (!this.#isLeaving) {
      this.#finish(code, reason, undefined, wasClean);
      return;
    }
    this.#isLeaving = false;
    this.#route = undefined;
    const delayMs = this.#retry.leave(this.#hasStood());
    this.port.replace(this.#makeSession);
    const farewell = this.#farewell;
    if (farewell !== undefined) {
      this.close(farewell.code, farewell.reason, Math.max(0, farewell.deadlineMs - this.#options.clock.now()));
    }
    if (this.status === 'closed') return;
    if (delayMs === 0) this.again();
    else this.#wait(delayMs, { code: CloseCode.goingAway, reason, wasClean }, true);
  }

  #violated(violation: ViolationName): void {
    this.#finish(CloseCode.protocolViolation, violation, new ProtocolError(violation, false));
  }

  #drop(code: number, reason: string): void {
    this.#probe?.reset();
    this.#dialer.drop(code, reason);
  }

  #finish(code: number, reason: string, error?: ChunkSocketError, wasClean = false): void {
    if (this.status === 'closed') return;
    this.#setStatus('closed');
    this.#stopWatching();
    this.#drop(code, reason);
    this.port.end(new ClosedError(code, reason, error));
    if (error !== undefined) this.emitter.emit('error', { error });
    this.emitter.emit('close', { code, reason, wasClean, error });
  }
}
