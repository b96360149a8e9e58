/** How a connection ended. */
export interface TransportClose {
  /** Close code as seen on this side (RFC 6455 section 7.4); 1006 when there was no close frame. */
  readonly code: number;
  readonly reason: string;
  /** Says little: a true 1009 is often not clean (Firefox reports 70 % of them so). */
  readonly wasClean: boolean;
}

/** What a transport tells its user. */
export interface TransportHandlers {
  /** Ready to send. Called once, before any other but `closed`. */
  opened(): void;
  /** One binary message. The bytes may be a view of a larger buffer, and stay as they are. */
  received(bytes: Uint8Array): void;
  /** One text message: never part of this protocol. */
  receivedText(): void;
  /** Over. Called exactly once, nothing follows; also for a connection that never opened. */
  closed(close: TransportClose): void;
  /** We ourselves refused a message of the peer that was over our limit; `closed` follows. */
  refused?(maxPacketBytes: number): void;
}

/**
 * One connection that carries messages: a browser's WebSocket, one of `ws`, or a stand-in for tests. All of them pass
 * the same contract suite.
 *
 * - Messages arrive whole, in order, at most once; how many are lost at the end is unknown.
 * - No handler is called from inside `send` or `close`.
 * - `send` before `opened` is an error of the caller; after `closed` or `close` it does nothing.
 */
export interface Transport {
  /** The subprotocol agreed on, `''` for none. Valid once opened. */
  readonly protocol: string;
  /** Bytes handed to `send` that have not left yet. */
  readonly bufferedBytes: number;
  /** The bytes do not change before the peer has them, or no longer listens to this connection. */
  send(bytes: Uint8Array): void;
  /**
   * Starts the closing handshake and does not wait for it: `closed` follows, soon even when the peer is silent (a page's
   * transport tells nothing any more instead). A code that the platform does not let through is left out (WHATWG: 1000
   * and 3000 to 4999).
   */
  close(code: number, reason: string): void;
}
