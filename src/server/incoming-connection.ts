import type { IncomingMessage } from 'node:http';
import { CloseCode } from '../protocol/close-codes.ts';
import { decodeHello } from '../protocol/hello.ts';
import type { Hello } from '../protocol/hello.ts';
import { MAX_EARLY_BYTES } from '../protocol/limits.ts';
import { decodePacket } from '../protocol/packet.ts';
import { PROTOCOL_VERSION } from '../protocol/version.ts';
import type { ViolationName } from '../protocol/violation.ts';
import { encodeWelcome } from '../protocol/welcome.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Transport, TransportClose, TransportHandlers } from '../runtime/transport.ts';
import type { AcceptedSession } from './accepted-session.ts';
import type { SessionConnection } from './session-host.ts';

/** What becomes of a HELLO. */
export type Verdict =
  | { readonly kind: 'new' | 'resumed'; readonly session: AcceptedSession }
  | { readonly kind: 'gone'; readonly received: number | undefined }
  | {
      readonly kind: 'ended';
      readonly received: number;
      readonly close: { readonly code: number; readonly reason: string };
    }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }
  | { readonly kind: 'violation'; readonly name: ViolationName };

/** What a connection needs of the server around it. */
export interface ConnectionHost {
  readonly clock: Clock;
  /** How long HELLO, and then `authorize`, may take, in ms. */
  readonly handshakeTimeoutMs: number;
  /** Asks the application; rejects when it refuses. */
  authorize(hello: Hello, request: IncomingMessage): Promise<string>;
  admit(hello: Hello, identity: string, connection: IncomingConnection): Verdict;
  /** A session was made and is up. */
  announce(session: AcceptedSession): void;
  /** The connection was closed before it had a session. */
  refused(connection: IncomingConnection, code: number, reason: string, cause: unknown): void;
  /** It has a session now, or is over. */
  arrived(connection: IncomingConnection): void;
}

/** Packets of early data; an initiator that keeps to its credit cannot fill as many. */
const MAX_EARLY_PACKETS = 512;

type State =
  /** HELLO is awaited; a second one after WELCOME `gone` for the session named. */
  | { readonly kind: 'greeting'; readonly gone: string | undefined; readonly stopTimer: () => void }
  /** The application is being asked; early data waits. */
  | {
      readonly kind: 'authorizing';
      readonly hello: Hello;
      readonly early: Uint8Array[];
      earlyBytes: number;
      readonly stopTimer: () => void;
    }
  | { readonly kind: 'up'; readonly session: AcceptedSession }
  /** Whatever still comes is ignored. */
  | { readonly kind: 'over' };

/**
 * A connection on the side that takes them, from the first byte to the last: finds out whose it is, and then hands
 * everything to that session.
 *
 * | from | to | when |
 * |---|---|---|
 * | greeting | authorizing | HELLO came |
 * | authorizing | up | WELCOME `new` or `resumed` went out |
 * | authorizing | greeting | WELCOME `gone` went out: one more HELLO may come |
 * | any | over | closed, by whichever side |
 */
export class IncomingConnection implements TransportHandlers, SessionConnection {
  readonly transport: Transport;
  readonly maxPacketBytes: number;
  readonly #host: ConnectionHost;
  #state: State;
  /** Until there is a session: it is larger than all else that is kept of a connection. */
  #request: IncomingMessage | undefined;

  /** @param open - makes the transport with the handlers it is given */
  constructor(
    host: ConnectionHost,
    request: IncomingMessage,
    maxPacketBytes: number,
    open: (handlers: TransportHandlers) => Transport,
  ) {
    this.#host = host;
    this.#request = request;
    this.maxPacketBytes = maxPacketBytes;
    this.#state = { kind: 'greeting', gone: undefined, stopTimer: this.#startTimer() };
    this.transport = open(this);
  }

  /** Of one that has no session. */
  get request(): IncomingMessage {
    return this.#request as IncomingMessage;
  }

  close(code: number, reason: string): void {
    const state = this.#state;
    if (state.kind === 'over') return;
    this.#leave();
    this.transport.close(code, reason);
  }

  opened(): void {
    // HELLO is what counts.
  }

  received(bytes: Uint8Array): void {
    const state = this.#state;
    switch (state.kind) {
      case 'greeting':
        this.#greeted(bytes, state.gone);
        break;
      case 'authorizing': {
        const violation = keepEarly(state, bytes);
        if (violation !== undefined) this.#violated(violation);
        break;
      }
      case 'up':
        state.session.receive(this, bytes);
        break;
      case 'over':
    }
  }

  receivedText(): void {
    if (this.#state.kind === 'up') this.#state.session.violated(this, 'text-packet');
    else this.#violated('text-packet');
  }

  refused(maxPacketBytes: number): void {
    const state = this.#state;
    if (state.kind === 'over') return;
    this.#leave();
    if (state.kind === 'up') state.session.refused(this, maxPacketBytes);
    else this.#host.refused(this, CloseCode.messageTooBig, 'packet too big', undefined);
  }

  closed(close: TransportClose): void {
    const state = this.#state;
    if (state.kind === 'over') return;
    this.#leave();
    if (state.kind === 'up') state.session.lost(this, close);
  }

  /** Closes before there is a session. */
  refuse(code: number, reason: string, cause?: unknown): void {
    if (this.#state.kind === 'over') return;
    this.close(code, reason);
    this.#host.refused(this, code, reason, cause);
  }

  #violated(name: ViolationName): void {
    this.refuse(CloseCode.protocolViolation, name);
  }

  #leave(): void {
    this.#stopTimer();
    this.#state = { kind: 'over' };
    this.#host.arrived(this);
  }

  #startTimer(): () => void {
    return this.#host.clock.setTimer(this.#host.handshakeTimeoutMs, () => {
      this.refuse(CloseCode.handshakeTimeout, 'handshake timeout');
    });
  }

  #stopTimer(): void {
    if (this.#state.kind === 'greeting' || this.#state.kind === 'authorizing') this.#state.stopTimer();
  }

  #greeted(bytes: Uint8Array, gone: string | undefined): void {
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') {
      this.#violated(packet);
      return;
    }
    if (packet.kind !== 'hello') {
      this.#violated(packet.kind === 'welcome' ? 'unexpected-welcome' : 'data-before-hello');
      return;
    }
    const hello = decodeHello(packet.body);
    if (typeof hello === 'string') {
      this.#violated(hello);
    } else if ('unsupported' in hello) {
      this.refuse(CloseCode.unsupportedVersion, `version ${hello.unsupported} is not ${PROTOCOL_VERSION}`);
    } else if (gone !== undefined && (hello.expected || hello.session === gone)) {
      // After `gone` there is one more HELLO, and it is for another session, from its start.
      this.#violated('unexpected-hello');
    } else {
      this.#authorize(hello);
    }
  }

  #authorize(hello: Hello): void {
    this.#stopTimer();
    const state: State = { kind: 'authorizing', hello, early: [], earlyBytes: 0, stopTimer: this.#startTimer() };
    this.#state = state;
    this.#host.authorize(hello, this.request).then(
      (identity) => {
        if (this.#state === state) this.#authorized(hello, identity, state.early);
      },
      (cause: unknown) => {
        if (this.#state === state) this.refuse(CloseCode.unauthorized, 'unauthorized', cause);
      },
    );
  }

  #authorized(hello: Hello, identity: string, early: readonly Uint8Array[]): void {
    const verdict = this.#host.admit(hello, identity, this);
    const version = PROTOCOL_VERSION;
    switch (verdict.kind) {
      case 'new':
      case 'resumed': {
        const { session, kind } = verdict;
        this.#stopTimer();
        this.#state = { kind: 'up', session };
        this.#request = undefined;
        session.connect(this, hello, kind);
        this.#host.arrived(this);
        if (kind === 'new' && session.phase !== 'ended') this.#host.announce(session);
        for (const packet of early) session.receive(this, packet);
        break;
      }
      case 'gone': {
        const { received } = verdict;
        this.#stopTimer();
        this.#state = { kind: 'greeting', gone: hello.session, stopTimer: this.#startTimer() };
        this.transport.send(encodeWelcome({ version, result: 'gone', received }));
        break;
      }
      case 'ended': {
        const { received, close } = verdict;
        this.transport.send(encodeWelcome({ version, result: 'ended', received, close }));
        this.close(CloseCode.normal, '');
        break;
      }
      case 'refused':
        this.refuse(verdict.code, verdict.reason);
        break;
      case 'violation':
        this.#violated(verdict.name);
    }
  }
}

/** Keeps a packet that came behind HELLO and before WELCOME, or says what is wrong with it. */
function keepEarly(state: State & { kind: 'authorizing' }, bytes: Uint8Array): ViolationName | undefined {
  const packet = decodePacket(bytes);
  if (typeof packet === 'string') return packet;
  if (packet.kind !== 'stream') return packet.kind === 'hello' ? 'unexpected-hello' : 'unexpected-welcome';
  const { hello, early } = state;
  state.earlyBytes += packet.slice.length;
  const isAllowed = hello.connection === 1 && !hello.expected;
  if (!isAllowed || state.earlyBytes > MAX_EARLY_BYTES || early.length === MAX_EARLY_PACKETS) return 'early-data';
  // A copy: it may be a small view of a large buffer.
  early.push(bytes.slice());
  return undefined;
}
