import * as CloseCode from '../../protocol/close-code.ts';
import * as linkDefaults from '../../protocol/link-defaults.ts';
import { ClosedError } from '../../errors/session-errors.ts';
import { BufferFullError, MessageTooBigError } from '../../errors/transfer-errors.ts';
import { Connector } from '../connector.ts';
import type { HeldConnection } from '../held-connection.ts';
import type { ConnectorOptions, ResolvedOptions } from '../options.ts';
import { AdoptedSocket } from './adopted-socket.ts';
import { checkNames, dataBytes, parseClose, parseData, parseUrl, toNames, toText } from './arguments.ts';
import type { CoreClose, CoreEvents, WebSocketCore } from './core.ts';
import { postTask } from './post-task.ts';

const DROPPED: CoreClose = { code: CloseCode.abnormal, reason: '', wasClean: false };
const BINARY_TYPES: readonly unknown[] = ['blob', 'arraybuffer'];

/**
 * A WebSocket over one session: connections may be lost and come back under it, messages may be larger than the path
 * carries. It ends when the session does, or when that cannot be resumed in time; there is no second session.
 *
 * A first connection that fails is its end, as it is of every WebSocket.
 */
export class SessionCore implements WebSocketCore {
  readonly url: string;
  readonly extensions = '';
  readyState: WebSocket['readyState'] = 0;
  #wasOpen = false;
  /** Closed by the application, or by a failure of ours: no message is told any more. */
  #isEnded = false;
  readonly #events: CoreEvents;
  readonly #connector: Connector;
  readonly #origin: string;
  /** Set where the server does not speak the protocol. */
  #plain: AdoptedSocket | undefined;
  #binaryType: BinaryType = 'blob';
  /** What was not sent when the connector ended, what was given up before that, and what came after, in bytes. */
  #leftBytes: number | undefined;
  #lostBytes = 0;
  #lateBytes = 0;
  /** Why it is closed, where it is this side that cannot go on. */
  #failure: CoreClose | undefined;

  /** @throws DOMException SyntaxError for URL and subprotocols */
  constructor(url: unknown, protocols: unknown, options: ResolvedOptions, events: CoreEvents) {
    // All is converted before any of it is looked at.
    const text = toText(url);
    const names = toNames(protocols);
    this.url = parseUrl(text);
    checkNames(names);
    this.#origin = new URL(this.url).origin;
    this.#events = events;
    const connectorOptions: ConnectorOptions = {
      ...options,
      protocols: names,
      livesOnce: true,
      postTask,
      failed: (error, unsentBytes) => {
        this.#failed(error, unsentBytes);
      },
    };
    this.#connector = new Connector(this.url, connectorOptions, ({ connection }) => {
      this.#adopt(connection);
    });
    const { emitter } = this.#connector;
    emitter.on('status', ({ status }) => {
      // From here on nothing leaves any more.
      if (status === 'closed') this.#leftBytes = this.#connector.port.bufferedBytes;
      // The server has begun to close, or is leaving: what it has sent before is still told.
      if (status === 'closing' && this.readyState === 1) this.readyState = 2;
    });
    emitter.on('open', () => {
      if (this.readyState !== 0) return;
      this.#open();
    });
    emitter.on('message', ({ data }) => {
      if (!this.#isEnded) this.#tell(data as string | ArrayBuffer);
    });
    emitter.on('error', () => undefined);
    emitter.on('close', (close) => {
      this.#close(close);
    });
  }

  get protocol(): string {
    return (this.#plain ?? this.#connector).protocol;
  }

  get bufferedAmount(): number {
    if (this.#plain !== undefined) return this.#plain.bufferedAmount;
    return (this.#leftBytes ?? this.#connector.port.bufferedBytes) + this.#lostBytes + this.#lateBytes;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  /** What is neither is ignored (WebIDL, attributes of an enumeration type). */
  set binaryType(value: unknown) {
    const word = toText(value);
    if (BINARY_TYPES.includes(word)) this.#binaryType = word as BinaryType;
  }

  send(args: readonly unknown[]): void {
    const data = parseData(args);
    if (this.readyState === 0) {
      throw new DOMException(
        "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.",
        'InvalidStateError',
      );
    }
    if (this.#plain !== undefined) this.#plain.send(data);
    else if (this.readyState > 1 || this.#connector.status === 'closed') this.#lateBytes += dataBytes(data);
    else this.#connector.port.send(data);
  }

  close(args: readonly unknown[]): void {
    const { code = CloseCode.noStatus, reason } = parseClose(args);
    if (this.#isEnded || this.readyState === 3) return;
    const isConnecting = this.readyState === 0;
    this.#isEnded = true;
    this.readyState = 2;
    if (isConnecting) this.#failure = DROPPED;
    this.#end(code, reason);
  }

  /** The server does not speak the protocol: goes on without, on the connection that showed it. */
  #adopt(connection: HeldConnection): void {
    this.#plain = new AdoptedSocket(connection, {
      opened: () => {
        if (this.readyState !== 0) return;
        this.#open();
      },
      message: (data) => {
        if (this.readyState === 1) this.#tell(typeof data === 'string' ? data : (data.buffer as ArrayBuffer));
      },
      closed: (close) => {
        this.#closed(this.#failure ?? close);
      },
    });
  }

  #open(): void {
    this.readyState = 1;
    this.#wasOpen = true;
    this.#events.opened();
  }

  #tell(data: string | ArrayBuffer): void {
    const isBlob = typeof data !== 'string' && this.#binaryType === 'blob';
    this.#events.message(isBlob ? new Blob([data]) : data, this.#origin);
  }

  #closed(close: CoreClose): void {
    this.#isEnded = true;
    this.readyState = 3;
    // A connection that was open and is lost has not failed: browsers tell no error of it, nor does the standard.
    const isLost = this.#wasOpen && this.#failure === undefined && close.code === CloseCode.abnormal;
    if (!close.wasClean && !isLost) this.#events.failed();
    this.#events.closed(close);
  }

  #end(code: number, reason: string): void {
    if (this.#plain !== undefined) {
      this.#plain.close(code, reason);
      return;
    }
    const { status } = this.#connector;
    // One that the server has begun to close is to be over in that time, too.
    if (status !== 'closed') this.#connector.close(code, reason, linkDefaults.drainMs);
  }

  /** A message that cannot arrive is the end, as it is where a WebSocket meets a limit: the application would not know. */
  #failed(error: Error, unsentBytes: number): void {
    const { status } = this.#connector;
    if (status === 'closed') return;
    this.#lostBytes += unsentBytes;
    // The end has begun already: the server closes, and takes no more.
    if (status === 'closing' || error instanceof ClosedError) return;
    const code = error instanceof MessageTooBigError ? CloseCode.messageTooBig : CloseCode.abnormal;
    const reason = error instanceof BufferFullError || code !== CloseCode.abnormal ? '' : error.message;
    this.#failure ??= { code, reason, wasClean: false };
    this.#isEnded = true;
    if (this.readyState < 2) this.readyState = 2;
    // Not from inside of the call that failed.
    postTask(() => {
      if (code === CloseCode.messageTooBig) this.#end(code, '');
      else this.#connector.abandon();
    });
  }

  /** The last word, after all messages that came before it. */
  #close(close: CoreClose): void {
    postTask(() => {
      if (this.#connector.port.hasWhole) {
        this.#close(close);
        return;
      }
      const { code, reason } = close;
      const wasClean = close.wasClean && this.#leftBytes === 0 && this.#lostBytes === 0;
      // A session that was not closed in order was dropped.
      const isDropped = code === CloseCode.abandoned || (code === CloseCode.normal && !wasClean);
      this.#closed(this.#failure ?? (isDropped ? DROPPED : { code, reason, wasClean }));
    });
  }
}
