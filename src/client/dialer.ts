import { OptionError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import type { MessageTransport } from '../runtime/message-transport.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { TransportClose } from '../runtime/transport.ts';
import { openBrowserTransport } from './browser-transport.ts';
import { askDial } from './dial.ts';
import type { Dial } from './dial.ts';
import type { ChunkSocketEvents } from './events.ts';
import type { Attempt } from './fallback-probe.ts';
import type { ConnectionContext, PerConnection, ResolvedOptions } from './options.ts';

/** For whom connections are opened. */
export interface DialUser {
  /** The application has said where to: what to offer there, and who is to be told of that connection. */
  asked(dial: Dial): Attempt;
  /** The connection, or the try, is over. */
  closed(close: TransportClose): void;
  /** There can be no connection: an option is wrong. */
  failed(error: OptionError): void;
}

type DialOptions = Pick<ResolvedOptions, 'WebSocket' | 'connectTimeoutMs' | 'clock' | 'auth'>;

/** Opens connections, one at a time, and keeps the time that each may take, or that is to pass before the next one. */
export class Dialer {
  /** The connection, from the making of the WebSocket on; nothing is heard of an older one. */
  transport: MessageTransport | undefined;
  readonly #url: PerConnection<string | URL>;
  readonly #options: DialOptions;
  readonly #emitter: SafeEmitter<ChunkSocketEvents>;
  readonly #user: DialUser;
  /** Names the try that counts while `url` and `auth` are being asked. */
  #asking: object | undefined;
  /** Ends the wait, or the time for opening and handshake. */
  #stopTimer: (() => void) | undefined;

  constructor(
    url: PerConnection<string | URL>,
    options: DialOptions,
    emitter: SafeEmitter<ChunkSocketEvents>,
    user: DialUser,
  ) {
    this.#url = url;
    this.#options = options;
    this.#emitter = emitter;
    this.#user = user;
  }

  /** Asks the application for URL and `auth`, and opens a connection. */
  async connect(context: ConnectionContext): Promise<void> {
    const asking = {};
    this.#asking = asking;
    this.transport = undefined;
    const { auth, WebSocket, connectTimeoutMs } = this.#options;
    // Also for an application that never answers.
    this.wait(connectTimeoutMs, () => {
      this.lose(CloseCode.handshakeTimeout, 'no answer in time');
    });
    try {
      const dial = await askDial(this.#url, auth, context);
      if (this.#asking !== asking) return;
      const { protocols, handlers } = this.#user.asked(dial);
      this.transport = openBrowserTransport(WebSocket, dial.url, protocols, handlers);
      this.#emitter.emit('connect', { attempt: context.attempt, url: dial.url });
    } catch (error) {
      if (this.#asking !== asking) return;
      if (error instanceof OptionError) {
        this.#user.failed(error);
        return;
      }
      this.#emitter.emit('error', { error: error instanceof Error ? error : new Error(String(error)) });
      this.#user.closed({ code: CloseCode.abnormal, reason: 'url or auth failed', wasClean: false });
    }
  }

  /** Calls `callback` after `delayMs`, instead of what was waited for. */
  wait(delayMs: number, callback: () => void): void {
    this.stopWaiting();
    this.#stopTimer = this.#options.clock.setTimer(delayMs, callback);
  }

  stopWaiting(): void {
    this.#stopTimer?.();
  }

  /** Gives the connection up without waiting for the other side, as if it had been lost. */
  lose(code: number, reason: string, wasClean = false): void {
    this.drop(code, reason);
    this.#user.closed({ code, reason, wasClean });
  }

  /** The page may be frozen, with all that it is connected to. */
  readonly suspend = (): void => {
    if (this.transport !== undefined) this.lose(CloseCode.goingAway, 'page suspended', true);
  };

  /** Ends the connection, or the wait for it, and forgets it. */
  drop(code: number, reason: string): void {
    this.#asking = undefined;
    this.stopWaiting();
    this.transport?.close(code, reason);
    this.transport = undefined;
  }
}
