import { OptionError } from '../errors/session-errors.ts';
import { isSendableCloseCode, truncateReason } from '../protocol/close-codes.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Transport, TransportHandlers } from '../runtime/transport.ts';

/** The part of a WebSocket that is used: the browser's, Node's own, or that of `ws`. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** A class that makes them. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;

const CLOSE_TIMEOUT_MS = 3000;

/** @throws OptionError where the platform has none and none is given */
export function platformWebSocket(given: WebSocketConstructor | undefined): WebSocketConstructor {
  const found = given ?? (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (found === undefined) throw new OptionError('WebSocket', undefined, 'given where the platform has none');
  return found;
}

/**
 * Opens a WebSocket.
 *
 * @throws what the constructor throws: `SyntaxError` for a URL or subprotocol that cannot be
 */
export function openBrowserTransport(
  WebSocketClass: WebSocketConstructor,
  url: string,
  protocols: string[],
  handlers: TransportHandlers,
  clock: Clock,
): Transport {
  const socket = new WebSocketClass(url, protocols);
  let isClosed = false;
  let stopTimer: (() => void) | undefined;
  const closed = (code: number, reason: string, wasClean: boolean): void => {
    if (isClosed) return;
    isClosed = true;
    stopTimer?.();
    handlers.closed({ code, reason, wasClean });
  };
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    if (!isClosed) handlers.opened();
  };
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (isClosed) return;
    if (typeof data === 'string') handlers.receivedText();
    else handlers.received(new Uint8Array(data as ArrayBuffer));
  };
  socket.onclose = ({ code, reason, wasClean }: { code: number; reason: string; wasClean: boolean }) => {
    closed(code, reason, wasClean);
  };
  // A close event follows, and tells more. `ws` wants a listener, or throws.
  socket.onerror = () => undefined;
  return {
    get protocol() {
      return socket.protocol;
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(bytes) {
      // `send` throws only while connecting, and silently drops after the close.
      if (!isClosed) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    close(code, reason) {
      if (isClosed || stopTimer !== undefined) return;
      // A peer that is silent must not hold the next connection up for the platform's own timeout (a minute and more).
      stopTimer = clock.setTimer(CLOSE_TIMEOUT_MS, () => {
        closed(1006, '', false);
      });
      if (isSendableCloseCode(code)) socket.close(code, truncateReason(reason));
      else socket.close();
    },
  };
}
