import { nanoid } from 'nanoid';
import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import { ClosedError, LimitTooSmallError, OptionError, ProtocolError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { decodePacket } from '../protocol/packet.ts';
import { offeredProtocols, SUBPROTOCOL } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import { decodeWelcome } from '../protocol/welcome.ts';
import type { EstablishedWelcome, GoneWelcome, Welcome } from '../protocol/welcome.ts';
import { SafeEmitter } from '../runtime/safe-emitter.ts';
import { SessionPort } from '../runtime/session-port.ts';
import type { SessionEffect } from '../runtime/port-owner.ts';
import type { Transport, TransportClose, TransportHandlers } from '../runtime/transport.ts';
import { Session } from '../session/session.ts';
import { openBrowserTransport } from './browser-transport.ts';
import type { ConnectionPhase } from './connection-phase.ts';
import { askDial } from './dial.ts';
import type { ChunkSocketEvents, Status } from './events.ts';
import { Handshake, misunderstood } from './handshake.ts';
import { LimitMemory } from './limit-memory.ts';
import type { PerConnection, ResolvedOptions } from './options.ts';
import { isHidden, watchPage } from './page-lifecycle.ts';
import { reportError } from './report-error.ts';
import { GOOD_AFTER_MS, RetryPolicy } from './retry-policy.ts';
import { socketUrl } from './socket-url.ts';

/**
 * Keeps one session connected: opens connections, shakes hands, comes back after a loss, and starts a new session where
 * the old one cannot go on. Knows nothing of messages, which are the port's.
 */
export class Connector implements TransportHandlers {
  readonly emitter: SafeEmitter<ChunkSocketEvents> = new SafeEmitter(reportError);
  readonly port: SessionPort;
  /** Settles when all is over. */
  readonly over: Promise<void>;
  status: Status = 'connecting';
  /** The application subprotocol that the server chose. */
  protocol = '';
  readonly #url: PerConnection<string | URL>;
  readonly #options: ResolvedOptions;
  readonly #retry: RetryPolicy;
  readonly #stopWatching: () => void;
  #memory: LimitMemory | undefined;
  #phase: ConnectionPhase = 'waiting';
  /** Names the try that counts while `url` and `auth` are being asked. */
  #asking: object | undefined;
  /** The connection, from the making of the WebSocket on; nothing is heard of an older one. */
  #transport: Transport | undefined;
  /** Ends the wait, or the time for opening and handshake. */
  #stopTimer: (() => void) | undefined;
  #auth: unknown;
  #route: string | undefined;
  #upSinceMs = 0;
  #ackedAtStart = 0;
  #handshake!: Handshake;
  /** The server is about to go: when this session has ended, a new one follows. */
  #isLeaving = false;
  /** How the application closed, for the session that follows where the server was leaving. */
  #farewell: { readonly code: number; readonly reason: string; readonly deadlineMs: number } | undefined;

  constructor(url: PerConnection<string | URL>, options: ResolvedOptions) {
    this.#url = url;
    this.#options = options;
    if (typeof url !== 'function') this.#memory = new LimitMemory(socketUrl(url), options.rememberLimits);
    this.over = new Promise((resolve) => {
      this.emitter.once('close', () => {
        resolve();
      });
    });
    this.#retry = new RetryPolicy(options, this.emitter.report);
    this.port = new SessionPort(
      {
        ...options,
        emitter: this.emitter,
        handleEffect: (effect) => {
          this.#handle(effect);
        },
      },
      (wake) => this.#makeSession(wake),
    );
    this.#stopWatching = watchPage(
      () => {
        this.#woke();
      },
      () => {
        if (this.#transport !== undefined) this.#lose(CloseCode.goingAway, 'page suspended', true);
      },
      (isThrottled) => {
        this.port.session.link.isTimerThrottled = isThrottled;
      },
    );
    void this.#connect();
  }

  /** Finishes what was sent, then closes. */
  close(code: number, reason: string, drainMs: number): void {
    const { port } = this;
    const { session } = port;
    const nowMs = this.#options.clock.now();
    this.#farewell = { code, reason, deadlineMs: nowMs + drainMs };
    port.stopTaking(new ClosedError(code, reason));
    this.#setStatus('closing');
    if (!session.isExpected && session.peerTerms === undefined && port.bufferedBytes === 0) {
      this.#finish(code, reason, undefined, true);
    } else {
      session.close(code, reason, drainMs, nowMs);
      port.schedule();
    }
  }

  opened(): void {
    const transport = this.#transport as Transport;
    this.#phase = 'greeting';
    if (transport.protocol === SUBPROTOCOL) this.#greet(transport);
    else this.#finish(CloseCode.normal, 'unknown subprotocol', misunderstood(transport.protocol));
  }

  received(bytes: Uint8Array): void {
    if (this.#phase === 'up') {
      this.port.receive(bytes);
      return;
    }
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') this.#violated(packet);
    else if (packet.kind === 'welcome') this.#welcomed(decodeWelcome(packet.body));
    else this.#violated(packet.kind === 'stream' ? 'data-before-hello' : 'unexpected-hello');
  }

  receivedText(): void {
    this.#violated('text-packet');
  }

  closed(close: TransportClose): void {
    const { port } = this;
    const { session } = port;
    const { code, reason } = close;
    const isUp = this.#phase === 'up';
    const wasGreeting = this.#phase === 'greeting';
    const upMs = this.#options.clock.now() - this.#upSinceMs;
    const wasGood = isUp && (session.link.acked > this.#ackedAtStart || upMs >= GOOD_AFTER_MS);
    this.#transport = undefined;
    const isWorthIt = port.disconnect(code);
    if (this.#isClosed()) return;
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
    if (typeof decision !== 'number') {
      // A server that leaves and lost patience does not mean the socket, but the session.
      if (this.#isLeaving && code === CloseCode.abandoned) this.#sessionOver(code, reason);
      else this.#finish(code, reason, decision);
      return;
    }
    if (this.status === 'open') this.#setStatus('reconnecting');
    if (this.#isClosed()) return;
    this.#phase = 'waiting';
    this.#setTimer(decision, () => {
      void this.#connect();
    });
    const { attempt } = this.#retry;
    this.emitter.emit('retry', { attempt, delayMs: decision, close, wasOpen: isUp || wasGreeting });
  }

  #makeSession(wake: () => void): Session {
    this.#handshake = new Handshake(this.#options.protocols);
    const remembered = this.#memory?.read().up;
    const { maxMessageBytes: maxWholeBytes } = this.#options;
    const id = nanoid(22);
    const session = new Session({ ...this.#options, id, maxWholeBytes, isAcceptor: false, remembered, wake });
    session.link.isTimerThrottled = isHidden();
    return session;
  }

  #isClosed(): boolean {
    return this.status === 'closed';
  }

  #setStatus(status: Status): void {
    const previous = this.status;
    if (previous === status) return;
    this.status = status;
    this.emitter.emit('status', { status, previous });
  }

  #setTimer(delayMs: number, callback: () => void): void {
    this.#stopTimer?.();
    this.#stopTimer = this.#options.clock.setTimer(delayMs, callback);
  }

  /** Asks the application for URL and `auth`, and opens a connection. */
  async #connect(): Promise<void> {
    const asking = {};
    this.#asking = asking;
    this.#phase = 'opening';
    const { auth, protocols, WebSocket, rememberLimits, connectTimeoutMs } = this.#options;
    // Also for an application that never answers.
    this.#setTimer(connectTimeoutMs, () => {
      this.#lose(CloseCode.handshakeTimeout, 'no answer in time');
    });
    const { attempt, wasRefused } = this.#retry;
    try {
      const dial = await askDial(this.#url, auth, { attempt, route: this.#route, wasRefused });
      if (this.#asking !== asking) return;
      this.#auth = dial.auth;
      this.#memory ??= new LimitMemory(dial.url, rememberLimits);
      this.#transport = openBrowserTransport(WebSocket, dial.url, offeredProtocols(protocols), this);
    } catch (error) {
      if (this.#asking !== asking) return;
      if (error instanceof OptionError) {
        this.#finish(CloseCode.abnormal, '', error);
        return;
      }
      this.emitter.emit('error', { error: error instanceof Error ? error : new Error(String(error)) });
      this.closed({ code: CloseCode.abnormal, reason: 'url or auth failed', wasClean: false });
    }
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
    this.#retry.welcomed();
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
    } else if (this.status === 'closing') {
      this.#finish(CloseCode.abnormal, 'session lost while closing');
    } else {
      this.#isLeaving = false;
      port.replace();
      this.emitter.emit('lost', { session: session.id });
      // A listener may have closed the socket.
      if (this.#transport !== undefined) this.#greet(this.#transport);
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
    const transport = this.#transport as Transport;
    const isFirst = session.peerTerms === undefined;
    const resentBytes = session.link.streamEnd - received;
    this.#stopTimer?.();
    this.#phase = 'up';
    this.#upSinceMs = this.#options.clock.now();
    this.#ackedAtStart = received;
    this.protocol = protocol;
    this.#route = route ?? this.#route;
    if (limit !== undefined) this.#memory?.write({ down: { ...limit, provisional: true } });
    port.connect(transport, welcome);
    // What came of it may have ended the connection.
    if (this.#transport !== transport) return;
    const isOpening = this.status === 'connecting';
    if (this.status !== 'closing') this.#setStatus('open');
    if (isOpening) emitter.emit('open', { protocol });
    else if (!isFirst) emitter.emit('resume', { resentBytes, connections: port.stats().connections });
  }

  /** Comes back at once instead of waiting, or makes sure that the connection is still there. */
  #woke(): void {
    if (this.#phase === 'waiting') {
      void this.#connect();
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
        this.#isLeaving = true;
        port.hold();
        port.session.close(CloseCode.goingAway, 'going away', effect.deadlineMs, this.#options.clock.now());
        break;
      case 'peer-close':
        if (this.#isLeaving) break;
        port.stopTaking(new ClosedError(effect.code, effect.reason));
        this.#setStatus('closing');
        break;
      case 'stalled':
        this.#lose(CloseCode.stalled, 'nothing gets through');
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

  /** The session ended: with the socket, or to make way for the next one. */
  #sessionOver(code: number, reason: string, wasClean = false): void {
    this.#drop(CloseCode.normal, '');
    if (!this.#isLeaving) {
      this.#finish(code, reason, undefined, wasClean);
      return;
    }
    this.#isLeaving = false;
    this.port.replace();
    const farewell = this.#farewell;
    if (farewell !== undefined) {
      this.close(farewell.code, farewell.reason, Math.max(0, farewell.deadlineMs - this.#options.clock.now()));
    }
    if (this.status !== 'closed') void this.#connect();
  }

  #violated(violation: ViolationName): void {
    this.#finish(CloseCode.protocolViolation, violation, new ProtocolError(violation, false));
  }

  /** Gives the connection up without waiting for the other side, as if it had been lost. */
  #lose(code: number, reason: string, wasClean = false): void {
    this.#drop(code, reason);
    this.closed({ code, reason, wasClean });
  }

  /** Ends the connection, or the wait for it, and forgets it. */
  #drop(code: number, reason: string): void {
    this.#asking = undefined;
    this.#stopTimer?.();
    this.#transport?.close(code, reason);
    this.#transport = undefined;
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
