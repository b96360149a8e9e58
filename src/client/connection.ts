import { CloseCode } from '../protocol/close-codes.ts';
import { decodePacket } from '../protocol/packet.ts';
import { SUBPROTOCOL } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import { decodeWelcome } from '../protocol/welcome.ts';
import type { Welcome } from '../protocol/welcome.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Transport, TransportClose, TransportHandlers } from '../runtime/transport.ts';

/**
 * | from | to | when |
 * |---|---|---|
 * | opening | greeting | the WebSocket opened and HELLO went out |
 * | greeting | up | WELCOME brought a session |
 * | greeting | greeting | WELCOME said `gone`, and a second HELLO went out |
 * | any | over | closed, by whichever side |
 */
export type ConnectionPhase = 'opening' | 'greeting' | 'up' | 'over';

/** What the socket does at each turn of a connection. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** The WebSocket is open: HELLO, please. */
  greet(connection: Connection): void;
  /** @returns whether the session is up; if not, a second HELLO went out or the connection was dropped */
  welcomed(welcome: Welcome): boolean;
  received(bytes: Uint8Array): void;
  violated(violation: ViolationName): void;
  /** The server opened, and chose something else: it does not speak the protocol. */
  misunderstood(protocol: string): void;
  /** Not called after {@link Connection.drop}. */
  lost(close: TransportClose, phase: ConnectionPhase): void;
}

/** One try to reach the server, from the constructor of the WebSocket to its close. */
export class Connection implements TransportHandlers {
  readonly transport: Transport;
  readonly #host: ConnectionHost;
  readonly #stopTimer: () => void;
  #phase: ConnectionPhase = 'opening';
  /** When the session came up on it, in ms. */
  upSinceMs: number = Infinity;

  /** @param open - makes the transport with the handlers it is given */
  constructor(host: ConnectionHost, open: (handlers: TransportHandlers) => Transport) {
    this.#host = host;
    this.#stopTimer = host.clock.setTimer(host.connectTimeoutMs, () => {
      this.cut({ code: CloseCode.handshakeTimeout, reason: 'no answer in time', wasClean: false });
    });
    try {
      this.transport = open(this);
    } catch (error) {
      this.#stopTimer();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#phase !== 'over';
  }

  /** Ends it from this side and forgets it: nothing more is heard of it. */
  drop(code: number, reason: string): void {
    this.#phase = 'over';
    this.#stopTimer();
    this.transport.close(code, reason);
  }

  /** Gives it up without waiting for the other side, as if it had been lost with `close`. */
  cut(close: TransportClose): void {
    const phase = this.#phase;
    if (phase === 'over') return;
    this.drop(close.code, close.reason);
    this.#host.lost(close, phase);
  }

  opened(): void {
    if (this.#phase === 'over') return;
    const { protocol } = this.transport;
    if (protocol === SUBPROTOCOL) {
      this.#phase = 'greeting';
      this.#host.greet(this);
    } else {
      this.#host.misunderstood(protocol);
    }
  }

  received(bytes: Uint8Array): void {
    if (this.#phase === 'up') this.#host.received(bytes);
    else if (this.#phase === 'greeting') this.#answered(bytes);
  }

  receivedText(): void {
    if (this.#phase !== 'over') this.#host.violated('text-packet');
  }

  closed(close: TransportClose): void {
    const phase = this.#phase;
    if (phase === 'over') return;
    this.#phase = 'over';
    this.#stopTimer();
    this.#host.lost(close, phase);
  }

  #answered(bytes: Uint8Array): void {
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') {
      this.#host.violated(packet);
      return;
    }
    const welcome =
      packet.kind === 'welcome'
        ? decodeWelcome(packet.body)
        : packet.kind === 'stream'
          ? 'data-before-hello'
          : 'unexpected-hello';
    if (typeof welcome === 'string') {
      this.#host.violated(welcome);
      return;
    }
    this.#stopTimer();
    this.#phase = 'up';
    this.upSinceMs = this.#host.clock.now();
    const isUp = this.#host.welcomed(welcome);
    // Unless it was dropped meanwhile, a second HELLO went out and its answer is awaited.
    if (!isUp && this.isOpen) this.#phase = 'greeting';
  }
}
