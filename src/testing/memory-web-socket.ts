import {
  checkNames,
  dataBytes,
  parseClose,
  parseData,
  parseUrl,
  toNames,
  toText,
} from '../client/web-socket/arguments.ts';
import { makeCloseEvent } from '../client/web-socket/close-event.ts';
import type { CoreClose } from '../client/web-socket/core.ts';
import { EventHandlers } from '../client/web-socket/event-handlers.ts';
import * as CloseCode from '../protocol/close-code.ts';
import { decodeText, encodeText } from '../protocol/text.ts';
import { bytesOf } from '../runtime/buffer-bytes.ts';
import type { MemoryConnection, MessageData, OpeningEnd } from './memory-connection.ts';

/** A WebSocket of the standard's interface over a connection that has no network: the client's end. */
export class MemoryWebSocket extends EventTarget implements WebSocket, OpeningEnd {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly url: string;
  readonly extensions = '';
  #protocol = '';
  #readyState: WebSocket['readyState'] = 0;
  #binaryType: BinaryType = 'blob';
  readonly #handlers = new EventHandlers(this);
  readonly #connection: MemoryConnection;
  /** Bytes of what was sent too late, which are never sent. */
  #lateBytes = 0;
  /** Blobs are read before they are sent, and what is sent behind them waits. */
  #reading: Promise<void> | undefined;
  #readingBytes = 0;

  /**
   * @param connect - makes the connection
   * @throws DOMException SyntaxError for a URL or subprotocols that the standard does not allow
   */
  constructor(
    connect: (socket: OpeningEnd, url: string, protocols: readonly string[]) => MemoryConnection,
    url: string | URL,
    protocols?: string | string[],
  ) {
    super();
    this.url = parseUrl(toText(url));
    const names = toNames(protocols);
    checkNames(names);
    this.#connection = connect(this, this.url, names);
  }

  get protocol(): string {
    return this.#protocol;
  }

  get readyState(): WebSocket['readyState'] {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#connection.heldBytes('client') + this.#readingBytes + this.#lateBytes;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(value: BinaryType) {
    // What is none of the two is ignored (WebIDL, enumerations).
    if (['blob', 'arraybuffer'].includes(value)) this.#binaryType = value;
  }

  get onopen(): WebSocket['onopen'] {
    return this.#handlers.get('open') as WebSocket['onopen'];
  }

  set onopen(value: WebSocket['onopen']) {
    this.#handlers.set('open', value);
  }

  get onmessage(): WebSocket['onmessage'] {
    return this.#handlers.get('message') as WebSocket['onmessage'];
  }

  set onmessage(value: WebSocket['onmessage']) {
    this.#handlers.set('message', value);
  }

  get onerror(): WebSocket['onerror'] {
    return this.#handlers.get('error') as WebSocket['onerror'];
  }

  set onerror(value: WebSocket['onerror']) {
    this.#handlers.set('error', value);
  }

  get onclose(): WebSocket['onclose'] {
    return this.#handlers.get('close') as WebSocket['onclose'];
  }

  set onclose(value: WebSocket['onclose']) {
    this.#handlers.set('close', value);
  }

  send(...args: readonly unknown[]): void {
    const data = parseData(args);
    if (this.#readyState === 0) throw new DOMException('The WebSocket is not open yet.', 'InvalidStateError');
    const byteLength = dataBytes(data);
    if (this.#readyState !== 1) {
      this.#lateBytes += byteLength;
    } else if (data instanceof Blob) {
      this.#readingBytes += byteLength;
      this.#afterReading(async () => {
        const bytes = new Uint8Array(await data.arrayBuffer());
        this.#readingBytes -= byteLength;
        this.#connection.send('client', bytes);
      });
    } else {
      const copy = typeof data === 'string' ? wellFormed(data) : new Uint8Array(bytesOf(data) ?? []);
      if (this.#reading === undefined) {
        this.#connection.send('client', copy);
      } else {
        this.#readingBytes += byteLength;
        this.#afterReading(() => {
          this.#readingBytes -= byteLength;
          this.#connection.send('client', copy);
        });
      }
    }
  }

  close(...args: readonly unknown[]): void {
    const { code = CloseCode.noStatus, reason } = parseClose(args);
    if (this.#readyState > 1) return;
    const wasOpen = this.#readyState === 1;
    this.#readyState = 2;
    if (!wasOpen) {
      this.#connection.cut();
    } else if (this.#reading === undefined) {
      this.#connection.close('client', code, reason);
    } else {
      this.#afterReading(() => {
        this.#connection.close('client', code, reason);
      });
    }
  }

  opened(protocol: string): void {
    if (this.#readyState !== 0) return;
    this.#readyState = 1;
    this.#protocol = protocol;
    this.dispatchEvent(new Event('open'));
  }

  received(message: MessageData): void {
    if (this.#readyState !== 1) return;
    const isBlob = this.#binaryType === 'blob';
    const data = typeof message === 'string' ? message : isBlob ? new Blob([message]) : message.buffer;
    this.dispatchEvent(new MessageEvent('message', { data, origin: new URL(this.url).origin }));
  }

  closed(code: number, reason: string): void {
    if (this.#readyState === 1) this.#connection.close('client', code, reason);
    this.#finish({ code, reason, wasClean: true });
  }

  lost(): void {
    this.#finish({ code: CloseCode.abnormal, reason: '', wasClean: false });
  }

  #finish(close: CoreClose): void {
    if (this.#readyState === 3) return;
    this.#readyState = 3;
    if (!close.wasClean) this.dispatchEvent(new Event('error'));
    this.dispatchEvent(makeCloseEvent(close));
  }

  #afterReading(task: () => void | Promise<void>): void {
    const reading = (this.#reading ?? Promise.resolve()).then(task).finally(() => {
      if (this.#reading === reading) this.#reading = undefined;
    });
    this.#reading = reading;
  }
}

/** As WebSocket has it: lone surrogates become U+FFFD. */
function wellFormed(text: string): string {
  return decodeText(encodeText(text)) ?? '';
}
