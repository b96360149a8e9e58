import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import { ClosedError } from '../errors/session-errors.ts';
import type { OptionError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { PLAIN_SUBPROTOCOL } from '../protocol/version.ts';
import type { MessageHandlers, MessageTransport } from '../runtime/message-transport.ts';
import { PlainPort } from '../runtime/plain-port.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { TransportClose } from '../runtime/transport.ts';
import { createEmitter } from './create-emitter.ts';
import { Dialer } from './dialer.ts';
import type { DialUser } from './dialer.ts';
import type { ChunkSocketEvents, Status } from './events.ts';
import type { Attempt } from './fallback-probe.ts';
import type { HeldConnection } from './held-connection.ts';
import type { PerConnection, ResolvedOptions } from './options.ts';
import { watchPage } from './page-lifecycle.ts';
import type { PlainHandover } from './plain-handover.ts';
import { GOOD_AFTER_MS, RetryPolicy } from './retry-policy.ts';
import { endOf } from './socket-driver.ts';
import type { SocketDriver } from './socket-driver.ts';

/**
 * Keeps a plain WebSocket connected, to a server that does not speak the protocol: opens connections, and comes back
 * after a loss as a `Connector` does.
 *
 * | phase | from | when |
 * |---|---|---|
 * | waiting | any other | the connection was lost |
 * | opening | waiting | the delay is over, or cut short |
 * | up | opening | the WebSocket opened |
 * | ending | up | we closed, and all that was sent has left; its close is awaited |
 */
export class PlainConnector implements SocketDriver, DialUser, MessageHandlers {
  readonly emitter: SafeEmitter<ChunkSocketEvents>;
  readonly port: PlainPort;
  readonly over: Promise<void>;
  status: Status;
  protocol = '';
  readonly #options: ResolvedOptions;
  readonly #retry: RetryPolicy;
  readonly #dialer: Dialer;
  readonly #stopWatching: () => void;
  #phase: 'waiting' | 'opening' | 'up' | 'ending' = 'waiting';
  #wasUp = false;
  /** When the connection began to open, and when it was open. */
  #sinceMs = 0;
  #acceptedAtStart = 0;
  #farewell = { code: CloseCode.normal, reason: '' };
  #stopDrain: (() => void) | undefined;

  /**
   * Does nothing before {@link start}.
   *
   * @param handover - what a socket was before it was clear that the server does not speak the protocol
   */
  constructor(url: PerConnection<string | URL>, options: ResolvedOptions, handover?: PlainHandover) {
    const { emitter = createEmitter(options), farewell } = handover ?? {};
    this.emitter = emitter;
    this.over = handover?.over ?? endOf(emitter);
    this.status = handover?.status ?? 'connecting';
    this.#options = options;
    this.#retry = new RetryPolicy(options, emitter.report);
    // There is no handshake for `auth` to travel in.
    this.#dialer = new Dialer(url, { ...options, auth: undefined }, emitter, this);
    const flushed = (): void => {
      this.#flushed();
    };
    this.port = new PlainPort({ ...options, emitter, flushed }, handover?.outbox);
    this.#stopWatching = watchPage(
      () => {
        if (this.#phase === 'waiting') this.#connect();
      },
      this.#dialer.suspend,
      () => undefined,
    );
    if (farewell !== undefined) {
      const { code, reason, deadlineMs } = farewell;
      this.#close(code, reason, Math.max(0, deadlineMs - options.clock.now()));
    }
  }

  /** @param connection - one that is open already */
  start(connection?: HeldConnection): void {
    if (connection === undefined) {
      this.#connect();
    } else {
      this.#sinceMs = this.#options.clock.now() - connection.openMs;
      this.#dialer.transport = connection.transport;
      connection.handOver(this);
    }
  }

  close(code: number, reason: string, drainMs: number): void {
    this.port.stopTaking(new ClosedError(code, reason));
    this.#setStatus('closing');
    if (this.#phase === 'up' || !this.port.isGiven) this.#close(code, reason, drainMs);
    else this.#finish(code, reason, undefined, true);
  }

  asked(): Attempt {
    this.#sinceMs = this.#options.clock.now();
    return { protocols: [...this.#options.protocols], handlers: this };
  }

  failed(error: OptionError): void {
    this.#finish(CloseCode.abnormal, '', error);
  }

  opened(transport: MessageTransport): void {
    const { emitter, port } = this;
    const nowMs = this.#options.clock.now();
    const openMs = nowMs - this.#sinceMs;
    this.#dialer.stopWaiting();
    this.#phase = 'up';
    this.#wasUp = true;
    this.#sinceMs = nowMs;
    this.#acceptedAtStart = port.acceptedCount;
    this.protocol = transport.protocol === PLAIN_SUBPROTOCOL ? '' : transport.protocol;
    const isFirst = this.status === 'connecting';
    port.connect(transport, openMs);
    if (this.status !== 'closing') this.#setStatus('open');
    // What came of it may have ended the connection.
    if (isFirst && this.#dialer.transport === transport) emitter.emit('open', { protocol: this.protocol });
  }

  received(bytes: Uint8Array): void {
    this.port.receive(bytes);
  }

  receivedText(text: string): void {
    this.port.receive(text);
  }

  closed(close: TransportClose): void {
    const { port } = this;
    const { code, reason, wasClean } = close;
    const phase = this.#phase;
    const isEnding = phase === 'ending';
    const upMs = this.#options.clock.now() - this.#sinceMs;
    this.#dialer.transport = undefined;
    this.#phase = 'waiting';
    const isWorthIt = port.disconnect(isEnding && wasClean ? undefined : code);
    const wasGood = phase === 'up' && (port.acceptedCount > this.#acceptedAtStart || upMs >= GOOD_AFTER_MS);
    if (this.#isClosed()) return;
    if (isEnding && wasClean) {
      this.#finish(this.#farewell.code, this.#farewell.reason, undefined, true);
      return;
    }
    // What is in doubt was told: there is nothing to come back for.
    if (this.status === 'closing' && port.isGiven) {
      this.#finish(code, reason);
      return;
    }
    const isEstablished = this.#wasUp;
    const decision = this.#retry.decide({ close, wasOnlyHello: false, isEstablished, wasGood, isWorthIt });
    // The application was asked, and may have closed.
    if (this.#isClosed()) return;
    if (typeof decision !== 'number') {
      this.#finish(code, reason, decision);
      return;
    }
    if (this.status === 'open') this.#setStatus('reconnecting');
    if (this.#isClosed()) return;
    this.#dialer.wait(decision, () => {
      this.#connect();
    });
    const { attempt } = this.#retry;
    this.emitter.emit('retry', { attempt, delayMs: decision, close, wasOpen: phase === 'up' || isEnding });
  }

  #connect(): void {
    this.#phase = 'opening';
    const { attempt, wasRefused } = this.#retry;
    void this.#dialer.connect({ attempt, route: undefined, wasRefused });
  }

  #close(code: number, reason: string, drainMs: number): void {
    this.#farewell = { code, reason };
    this.#stopDrain = this.#options.clock.setTimer(drainMs, () => {
      this.#finish(CloseCode.abnormal, 'not finished in time');
    });
    this.port.schedule();
  }

  /** Once all has left, the connection is closed as any WebSocket. */
  #flushed(): void {
    if (this.status !== 'closing' || this.#phase !== 'up' || !this.port.isDrained) return;
    const { code, reason } = this.#farewell;
    this.#phase = 'ending';
    this.#dialer.transport?.finish(code, reason);
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

  #finish(code: number, reason: string, error?: ChunkSocketError, wasClean = false): void {
    if (this.#isClosed()) return;
    this.#setStatus('closed');
    this.#stopWatching();
    this.#stopDrain?.();
    this.#dialer.drop(this.#farewell.code, this.#farewell.reason);
    // What is in doubt is told as such, and the rest that it is closed.
    this.port.disconnect(code);
    this.port.end(new ClosedError(code, reason, error));
    if (error !== undefined) this.emitter.emit('error', { error });
    this.emitter.emit('close', { code, reason, wasClean, error });
  }
}
