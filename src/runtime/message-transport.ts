import type { Transport, TransportClose } from './transport.ts';

/** One connection that carries messages of both kinds, as WebSocket has them. The rules are those of {@link Transport}. */
export interface MessageTransport extends Transport {
  /** One text message. */
  sendText(text: string): void;
  /** As {@link close}, but `closed` is told, whatever the platform, when the peer has answered or the platform gave up. */
  finish(code: number, reason: string): void;
}

/** What such a connection tells its user: see {@link TransportHandlers}. */
export interface MessageHandlers {
  opened(transport: MessageTransport): void;
  /** One binary message. */
  received(bytes: Uint8Array): void;
  /** One text message. */
  receivedText(text: string): void;
  closed(close: TransportClose): void;
}
