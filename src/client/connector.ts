import { nanoid } from 'nanoid';
import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import {
  ClosedError,
  HandshakeError,
  LimitTooSmallError,
  OptionError,
  ProtocolError,
} from '../errors/session-errors.ts';
import { CloseCode } from '../protocol/close-codes.ts';
import type { Terms } from '../protocol/terms.ts';
import { offeredProtocols, SUBPROTOCOL } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import type { Welcome } from '../protocol/welcome.ts';
import type { Clock } from '../runtime/clock.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import { SessionPort } from '../runtime/session-port.ts';
import type { TransportClose } from '../runtime/transport.ts';
import type { Effect } from '../session/effect.ts';
import { Session } from '../session/session.ts';
import { openBrowserTransport, platformWebSocket } from './browser-transport.ts';
import { Connection } from './connection.ts';
import type { ConnectionHost, ConnectionPhase } from './connection.ts';
import { askDial } from './dial.ts';
import type { Dial } from './dial.ts';
import type { ChunkSocketEvents, Status } from './events.ts';
import { Handshake } from './handshake.ts';
import { LimitMemory } from './limit-memory.ts';
import type { PerConnection, ResolvedOptions } from './options.ts';
import { isOnline, watchPage } from './page-lifecycle.ts';
import { platformClock } from './platform-clock.ts';
import { RetryPolicy } from './retry-policy.ts';
import { socketUrl } from './socket-url.ts';

/** A connection that stood this long counts as one that held, even if it carried nothing. */
const GOOD_AFTER_MS = 10_000;

/**
 * Keeps one session connected: opens connections, shakes hands, comes back after a loss, and starts a new session where
 * the old one cannot go on. Knows nothing of messages, which are the port's.
 */
export class Connector implements ConnectionHost {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly port: SessionPort;
  /** Settles when all is over. */
  readonly closed: Promise<void>;
  status: Status = 'connecting';
  /** The application subprotocol that the server chose. */
  protocol = '';
  readonly #options: ResolvedOptions;
  readonly #url: PerConnection<string | URL>;
  readonly #emitter: SafeEmitter<ChunkSocketEvents>;
  readonly #terms: Terms;
  readonly #random: () => number;
  readonly #retry: RetryPolicy;
  readonly #stopWatching: () => void;
  #resolveClosed: () => void = () => undefined;
  #handshake!: Handshake;
  #memory: LimitMemory | undefined;
  #route: string | undefined;
  #auth: unknown;
  #connection: Connection | undefined;
  #stopWaiting: (() => void) | undefined;
  /** Names the try that counts while `url` and `auth` are being asked. */
  #preparing: object | undefined;
  #ackedAtStart = 0;
  /** The server is about to go: when this session has ended, a new one follows. */
  #isLeaving = false;
  #isThrottled = false;

  constructor(
    url: PerConnection<string | URL>,
    options: ResolvedOptions,
    emitter: SafeEmitter<ChunkSocketEvents>,
    report: (error: unknown) => void,
  ) {
    this.#url = url;
    this.#options = options;
    if (typeof url !== 'function') this.#remember(socketUrl(url));
    this.#emitter = emitter;
    this.#random = options.random ?? Math.random;
    this.clock = options.clock ?? platformClock;
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.#retry = new RetryPolicy(options, this.#random, report);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const { maxPacketBytes, maxMessageBytes, initialChannelCredit, poolBytes, maxOpenChannels, maxBufferedBytes } =
      options;
    this.#terms = { maxPacketBytes, maxMessageBytes, initialChannelCredit, poolBytes, maxOpenChannels };
    this.port = new SessionPort(
      {
        emitter,
        clock: this.clock,
        maxBufferedBytes,
        binaryType: options.binaryType ?? 'arraybuffer',
        report,
        handleEffect: (effect) => {
          this.#handle(effect);
        },
      },
      this.#makeSession,
    );
    this.#stopWatching = watchPage({
      woke: () => {
        this.#woke();
      },
      suspended: () => {
        this.#connection?.cut({ code: CloseCode.goingAway, reason: 'page suspended', wasClean: true });
      },
      throttled: (isThrottled) => {
        this.#isThrottled = isThrottled;
        this.port.session.link.isTimerThrottled = isThrottled;
      },
    });
    this.#connect();
  }

  /** Finishes what was sent, then closes. */
  close(code: number, reason: string, drainMs: number): void {
    this.port.stopTaking(new ClosedError(code, reason));
    this.#setStatus('closing');
    const { session } = this.port;
    if (!session.isExpected && session.peerTerms === undefined && this.port.bufferedBytes === 0) {
      this.#finish(code, reason, true, undefined);
    } else {
      session.close(code, reason, drainMs, this.clock.now());
      this.port.schedule();
    }
  }

  greet(): void {
    const { port } = this;
    const { transport } = this.#connection as Connection;
    try {
      transport.send(this.#handshake.hello(port.session, this.#auth, this.#memory?.read().down));
      if (this.#handshake.isFirst) port.connectEarly(transport);
    } catch (error) {
      this.#finish(CloseCode.abnormal, '', false, error as OptionError);
    }
  }

  welcomed(welcome: Welcome): boolean {
    const { port } = this;
    this.#retry.welcomed();
    switch (welcome.result) {
      case 'gone':
        if (welcome.received !== undefined) port.session.settleLast(welcome.received);
        return this.#sessionLost();
      case 'ended':
        port.session.settleLast(welcome.received);
        port.flush();
        this.#sessionOver(welcome.close.code, welcome.close.reason, true);
        return false;
      case 'new':
      case 'resumed': {
        const { session } = port;
        const isFirst = session.peerTerms === undefined;
        if (!this.#handshake.accepts(welcome)) {
          this.violated('bad-welcome');
          return false;
        }
        this.protocol = welcome.protocol;
        this.#route = welcome.route ?? this.#route;
        this.#ackedAtStart = welcome.received;
        if (welcome.limit !== undefined) this.#memory?.write({ down: { ...welcome.limit, provisional: true } });
        const resentBytes = session.link.streamEnd - welcome.received;
        port.connect((this.#connection as Connection).transport, welcome);
        if (!this.#connection?.isOpen) return false;
        if (this.status === 'connecting') {
          this.#setStatus('open');
          this.#emitter.emit('open', { protocol: welcome.protocol });
        } else {
          if (this.status === 'reconnecting') this.#setStatus('open');
          if (!isFirst) this.#emitter.emit('resume', { resentBytes, connections: port.stats().connections });
        }
        return true;
      }
    }
  }

  received(bytes: Uint8Array): void {
    this.port.receive(bytes);
  }

  violated(violation: ViolationName): void {
    const error = new ProtocolError(violation, false);
    this.#finish(CloseCode.protocolViolation, violation, false, error);
  }

  misunderstood(protocol: string): void {
    const error = new HandshakeError(
      CloseCode.normal,
      `The server does not speak ${SUBPROTOCOL}: it chose ${JSON.stringify(protocol)}.`,
      'Serve it with chunksocket/server, or see the option fallback for servers that cannot.',
    );
    this.#finish(CloseCode.normal, 'unknown subprotocol', false, error);
  }

  lost(close: TransportClose, phase: ConnectionPhase): void {
    const { port } = this;
    const { session } = port;
    const { code } = close;
    const isUp = phase === 'up';
    const upMs = this.clock.now() - (this.#connection?.upSinceMs ?? Infinity);
    const wasGood = isUp && (session.link.acked > this.#ackedAtStart || upMs >= GOOD_AFTER_MS);
    this.#connection = undefined;
    const isWorthIt = port.disconnect(code);
    if (this.status === 'closed') return;
    const { state } = session;
    if (isUp && code === CloseCode.normal && state.kind === 'closing' && state.isFinished === true) {
      const { code: finalCode, reason } = state;
      this.#sessionOver(finalCode, reason, true);
      return;
    }
    const decision = this.#retry.decide(
      {
        close,
        wasOnlyHello: phase === 'greeting' && !this.#handshake.isFirst,
        isEstablished: session.peerTerms !== undefined,
        wasGood,
        isWorthIt,
        isOnline: isOnline(),
      },
      this.clock.now(),
    );
    if (decision.kind === 'fatal') {
      this.#finish(code, close.reason, false, decision.error);
      return;
    }
    if (this.status === 'open') this.#setStatus('reconnecting');
    const { delayMs } = decision;
    this.#stopWaiting = this.clock.setTimer(delayMs, () => {
      this.#connect();
    });
    this.#emitter.emit('retry', { attempt: this.#retry.attempt, delayMs, close, wasOpen: phase !== 'opening' });
  }

  readonly #makeSession = (wake: () => void): Session => {
    const remembered = this.#memory?.read().up;
    this.#handshake = new Handshake(nanoid(22), this.#options.protocols);
    const terms = this.#terms;
    const session = new Session({ ...this.#options, id: nanoid(22), isAcceptor: false, terms, remembered, wake });
    session.link.isTimerThrottled = this.#isThrottled;
    return session;
  };

  #remember(url: string): void {
    this.#memory = new LimitMemory(url, this.#options.rememberLimits ?? 'memory');
  }

  #setStatus(status: Status): void {
    const previous = this.status;
    if (previous === status) return;
    this.status = status;
    this.#emitter.emit('status', { status, previous });
  }

  #connect(): void {
    const preparing = {};
    this.#preparing = preparing;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    const context = { attempt: this.#retry.attempt, route: this.#route, wasRefused: this.#retry.wasAuthRefused };
    askDial(this.#url, this.#options.auth, context).then(
      (dial) => {
        if (this.#preparing === preparing) this.#open(dial);
      },
      (error: unknown) => {
        if (this.#preparing !== preparing) return;
        if (error instanceof OptionError) {
          this.#finish(CloseCode.abnormal, '', false, error);
          return;
        }
        this.#emitter.emit('error', { error: error instanceof Error ? error : new Error(String(error)) });
        this.lost({ code: CloseCode.abnormal, reason: 'url or auth failed', wasClean: false }, 'opening');
      },
    );
  }

  #open({ url, auth }: Dial): void {
    const { protocols, WebSocket: given } = this.#options;
    this.#auth = auth;
    if (this.#memory === undefined) this.#remember(url);
    const offer = offeredProtocols(protocols);
    try {
      this.#connection = new Connection(this, (handlers) =>
        openBrowserTransport(platformWebSocket(given), url, offer, handlers, this.clock),
      );
    } catch (cause) {
      const error = cause instanceof OptionError ? cause : new OptionError('protocols', offer.join(), 'tokens');
      this.#finish(CloseCode.abnormal, '', false, error);
    }
  }

  /** Comes back at once instead of waiting, or makes sure that the connection is still there. */
  #woke(): void {
    if (this.#stopWaiting !== undefined) {
      this.#connect();
    } else if (this.port.session.link.isAttached) {
      this.port.session.link.probe();
      this.port.flush();
    }
  }

  #handle(effect: Effect): void {
    const { port } = this;
    switch (effect.kind) {
      case 'limit':
        this.#memory?.write({ up: port.session.link.learner.memory });
        break;
      case 'peer-limit':
        this.#memory?.write({ down: { floor: effect.floor, ceiling: effect.ceiling, provisional: true } });
        break;
      case 'goaway':
        this.#isLeaving = this.status !== 'closing';
        if (!this.#isLeaving) break;
        port.hold();
        port.session.close(CloseCode.goingAway, 'going away', effect.deadlineMs, this.clock.now());
        break;
      case 'peer-close':
        if (this.#isLeaving || this.status === 'closing') break;
        port.stopTaking(new ClosedError(effect.code, effect.reason));
        this.#setStatus('closing');
        break;
      case 'stalled':
        this.#connection?.cut({ code: CloseCode.stalled, reason: 'nothing gets through', wasClean: false });
        break;
      case 'violation':
        this.violated(effect.name);
        break;
      case 'limit-too-small':
        this.#finish(CloseCode.limitTooSmall, 'limit too small', false, new LimitTooSmallError(effect.trail));
        break;
      case 'drain-timeout':
        this.#connection?.drop(CloseCode.abandoned, 'not finished in time');
        this.#sessionOver(CloseCode.abnormal, 'not finished in time', false);
        break;
      // `finished` waits for the server's word: its close of the connection, or its next WELCOME.
      case 'finished':
      case 'progress':
      case 'delivered':
      case 'failed':
        break;
    }
  }

  /** The session ended: with the socket, or to make way for the next one. */
  #sessionOver(code: number, reason: string, wasClean: boolean): void {
    if (!this.#isLeaving) {
      this.#finish(code, reason, wasClean, undefined);
      return;
    }
    this.#isLeaving = false;
    this.#connection?.drop(CloseCode.normal, '');
    this.#connection = undefined;
    this.port.replace(this.#makeSession, this.#options.onSessionLost ?? 'resend');
    this.#connect();
  }

  /** @returns false: the connection, if it is left, waits for the answer to a second HELLO */
  #sessionLost(): false {
    const { port } = this;
    if (this.status === 'closing') {
      this.#finish(CloseCode.abnormal, 'session lost while closing', false, undefined);
      return false;
    }
    this.#isLeaving = false;
    const { id } = port.session;
    port.replace(this.#makeSession, this.#options.onSessionLost ?? 'resend');
    this.#emitter.emit('lost', { session: id });
    this.greet();
    return false;
  }

  #finish(code: number, reason: string, wasClean: boolean, error: ChunkSocketError | undefined): void {
    if (this.status === 'closed') return;
    this.#setStatus('closed');
    this.#preparing = undefined;
    this.#stopWaiting?.();
    this.#stopWatching();
    // A violation is the other side's to know; otherwise the code is one that this side may send, or none.
    this.#connection?.drop(code, reason);
    this.#connection = undefined;
    this.port.end(new ClosedError(code, reason, error));
    if (error !== undefined) this.#emitter.emit('error', { error });
    this.#emitter.emit('close', { code, reason, wasClean, error });
    this.#resolveClosed();
  }
}
