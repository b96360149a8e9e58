import { OptionError } from '../errors/session-errors.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { isSendableCloseCode } from '../protocol/close-codes.ts';
import { MAX_CLOSE_REASON_BYTES } from '../protocol/limits.ts';
import * as linkDefaults from '../protocol/link-defaults.ts';
import { isCount } from '../protocol/terms.ts';
import { encodeText } from '../protocol/text.ts';
import type { BinaryForms, BinaryType } from '../runtime/events.ts';
import type { SendData } from '../runtime/payload.ts';
import type { SafeEmitter, Unsubscribe } from '../runtime/safe-emitter.ts';
import type { SendOptions } from '../runtime/send-options.ts';
import type { Stats } from '../runtime/stats.ts';
import type { Transfer } from '../runtime/transfer.ts';
import { Connector } from './connector.ts';
import { PlainConnector } from './plain-connector.ts';
import type { PlainHandover } from './plain-handover.ts';
import type { SocketDriver } from './socket-driver.ts';
import type { ChunkSocketEvents, Status } from './events.ts';
import { resolveOptions } from './options.ts';
import type { ChunkSocketOptions, PerConnection } from './options.ts';

/** How a socket is closed. */
export interface CloseOptions {
  /** How long finishing what was sent may take, in ms; what is not delivered then fails. @defaultValue 30000 */
  readonly drainMs?: number | undefined;
}

/**
 * A WebSocket whose messages may have any size and whose session survives its connections.
 *
 * Connects at once, and comes back until {@link close}, a server that says no, or `maxRetries`. What is sent arrives
 * exactly once and, within its channel, in order; `possibleDuplicateOf` marks the one exception. Not so with a server that
 * does not speak the protocol: see the options `mode` and `fallback`.
 */
export class ChunkSocket<Type extends BinaryType = 'arraybuffer'> {
  #driver: SocketDriver;

  /**
   * @param url - `ws:`, `wss:`, `http:` or `https:`, relative to the page; a function is asked again for each connection
   * @throws OptionError for an option out of its range, or a URL that is none
   */
  constructor(url: PerConnection<string | URL>, options: ChunkSocketOptions<Type> = {}) {
    const resolved = resolveOptions(options);
    const becomePlain = (handover?: PlainHandover): SocketDriver => {
      const plain = new PlainConnector(url, resolved, handover);
      // Before any event: a listener may use the socket.
      this.#driver = plain;
      plain.start(handover?.connection);
      return plain;
    };
    this.#driver = resolved.mode === 'plain' ? becomePlain() : new Connector(url, resolved, becomePlain);
  }

  /** With binary messages in the form that the options name. */
  get #emitter(): SafeEmitter<ChunkSocketEvents<BinaryForms[Type]>> {
    return this.#driver.emitter as SafeEmitter<ChunkSocketEvents<never>>;
  }

  /** Where the socket stands; the event of the same name tells of changes. */
  get status(): Status {
    return this.#driver.status;
  }

  /** The application subprotocol that the server chose; `''` for none, and before the first connection. */
  get protocol(): string {
    return this.#driver.protocol;
  }

  /** Payload that the server has not acknowledged (plain mode: that has not left), in bytes; waiting messages included. */
  get bufferedAmount(): number {
    return this.#driver.port.bufferedBytes;
  }

  /**
   * Fulfilled while at most half of `maxBufferedBytes` is in use, so that `await socket.ready` before each `send` keeps
   * a producer at the path's pace; rejected with `ClosedError` when the socket takes nothing any more.
   */
  get ready(): Promise<void> {
    return this.#driver.port.ready;
  }

  /**
   * Sends one message. Works in every status: before the first connection and between connections it waits.
   *
   * @returns at once; `transfer.delivered` tells the end of it, also that the socket was closed or the queue full
   * @throws TypeError for data that cannot be sent; OptionError for `channel`, `priority`, `meta` or `ttlMs`
   */
  send(data: SendData, options?: SendOptions): Transfer {
    return this.#driver.port.send(data, options);
  }

  /** Calls `listener` for each such event; what it throws breaks nothing. Returns a function that ends it. */
  on<Name extends keyof ChunkSocketEvents>(
    name: Name,
    listener: (event: ChunkSocketEvents<BinaryForms[Type]>[Name]) => unknown,
  ): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  /** As {@link on}, for the next event only. */
  once<Name extends keyof ChunkSocketEvents>(
    name: Name,
    listener: (event: ChunkSocketEvents<BinaryForms[Type]>[Name]) => unknown,
  ): Unsubscribe {
    return this.#emitter.once(name, listener);
  }

  /** Counters and measurements, as they are now. */
  stats(): Stats {
    return this.#driver.port.stats();
  }

  /**
   * Finishes what was sent, lets the server finish what it has started, then closes. A second call changes nothing.
   *
   * @param code - 1000, or 3000 to 4999 without the protocol's own 4900 to 4909
   * @param reason - at most 123 bytes of UTF-8
   * @returns fulfilled when the socket is closed, however it went (the `close` event tells)
   * @throws OptionError for an argument out of its range
   */
  close(
    code: number = CloseCode.normal,
    reason = '',
    { drainMs = linkDefaults.drainMs }: CloseOptions = {},
  ): Promise<void> {
    if (!isSendableCloseCode(code) || (code >= CloseCode.protocolViolation && code <= CloseCode.limitTooSmall)) {
      throw new OptionError('code', code, '1000, or 3000 to 4999 without 4900 to 4909');
    }
    if (typeof reason !== 'string') throw new OptionError('reason', reason, 'a string');
    const reasonBytes = encodeText(reason).length;
    if (reasonBytes > MAX_CLOSE_REASON_BYTES) {
      throw new OptionError('reason', `${reasonBytes} bytes`, `at most ${MAX_CLOSE_REASON_BYTES} bytes`);
    }
    if (!isCount(drainMs)) throw new OptionError('drainMs', drainMs, 'an integer, at least 0');
    const driver = this.#driver;
    if (driver.status !== 'closed' && driver.status !== 'closing') driver.close(code, reason, drainMs);
    return driver.over;
  }
}
