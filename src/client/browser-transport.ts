import { OptionError } from '../errors/session-errors.ts';
import { isSendableCloseCode, truncateReason } from '../protocol/close-codes.ts';
import type { MessageHandlers, MessageTransport } from '../runtime/message-transport.ts';

/** The part of a WebSocket that is used: the browser's, Node's own, or that of `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: Uint8Array<ArrayBuffer> | string): void;
  close(code?: number, reason?: string): void;
}

/** A class that makes them. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

/**
 * Opens a WebSocket. After `close` nothing more is heard of it: a peer that is silent must not hold the next connection
 * up for the platform's own timeout (a minute and more).
 *
 * @throws OptionError where the platform has no WebSocket and none is given, and for subprotocols that are no tokens
 */
export function openBrowserTransport(
  given: WebSocketConstructor | undefined,
  url: string,
  protocols: string[],
  handlers: MessageHandlers,
): MessageTransport {
  const WebSocketClass = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (WebSocketClass === undefined) throw new OptionError('WebSocket', undefined, 'given where the platform has none');
  let socket: WebSocketLike;
  try {
    socket = new WebSocketClass(url, protocols);
  } catch {
    throw new OptionError('protocols', protocols.join(), 'tokens');
  }
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    handlers.opened(transport);
  };
  socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
    if (typeof data === 'string') handlers.receivedText(data);
    else handlers.received(new Uint8Array(data));
  };
  socket.onclose = ({ code, reason, wasClean }: { code: number; reason: string; wasClean: boolean }) => {
    handlers.closed({ code, reason, wasClean });
  };
  // A close event follows, and tells more. `ws` wants a listener, or throws.
  socket.onerror = () => undefined;
  const transport: MessageTransport = {
    get protocol() {
      return socket.protocol;
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    // `send` throws only while connecting, and silently drops after the close.
    send(bytes) {
      socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    sendText(text) {
      socket.send(text);
    },
    close(code, reason) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      transport.finish(code, reason);
    },
    finish(code, reason) {
      if (isSendableCloseCode(code)) socket.close(code, truncateReason(reason));
      else socket.close();
    },
  };
  return transport;
}
