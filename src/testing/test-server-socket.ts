import type { BufferData } from '../runtime/buffer-bytes.ts';
import type { WsSocket } from '../server/ws-transport.ts';

/** Bytes of a message or of a close reason; `toString` is their text, as with a Buffer of Node. */
export interface MessageBytes extends Uint8Array<ArrayBuffer> {
  toString(): string;
}

/** What a {@link TestServerSocket} calls its listeners with. */
export interface TestServerSocketEvents {
  /** Never: it is open from the start. */
  open: () => void;
  /** A message came; text as its bytes, with `isBinary` false. */
  message: (data: MessageBytes, isBinary: boolean) => void;
  /** Never. */
  error: (error: Error) => void;
  /** It is over: the client's code, 1005 where it gave none, 1006 without a closing handshake. */
  close: (code: number, reason: MessageBytes) => void;
}

/** The server's end of a connection that has no network: as much of a socket of `ws` as servers use. */
export interface TestServerSocket extends WsSocket {
  /** 1 open, 2 closing, 3 closed. */
  readonly readyState: 1 | 2 | 3;
  /** Bytes that have not left, because the network is silent. */
  readonly bufferedAmount: number;
  /** Without effect: messages are bytes. */
  binaryType: string;
  /** Calls `listener` for each such event. */
  on<Name extends keyof TestServerSocketEvents>(name: Name, listener: TestServerSocketEvents[Name]): this;
  /** Ends that. */
  off<Name extends keyof TestServerSocketEvents>(name: Name, listener: TestServerSocketEvents[Name]): this;
  /** Sends a message: a string as text, all else as binary, unless `binary` says otherwise. Dropped when it is not open. */
  send(data: string | BufferData, options?: { readonly binary?: boolean }): void;
  /**
   * Starts the closing handshake.
   *
   * @param code - any. Default: none, which the client sees as 1005
   * @param reason - at most 123 bytes of UTF-8. Default `''`
   */
  close(code?: number, reason?: string): void;
  /** Ends the connection at once: both sides see 1006. */
  terminate(): void;
}
