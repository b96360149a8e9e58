export { ChunkSocketError } from './errors/chunk-socket-error.ts';
export type { ErrorCode, ErrorDetail } from './errors/chunk-socket-error.ts';
export { ClosedError, LimitTooSmallError, OptionError, ProtocolError } from './errors/session-errors.ts';
export {
  AbortedError,
  BufferFullError,
  CancelledError,
  ExpiredError,
  MessageTooBigError,
  RejectedError,
  SourceError,
} from './errors/transfer-errors.ts';
export type { CancelCause } from './errors/transfer-errors.ts';
export type { MessageOrigin } from './protocol/frame.ts';
export type { BlobLike } from './runtime/blob-source.ts';
export type { Clock } from './runtime/clock.ts';
export type { BinaryForms, BinaryType, LimitEvent, MessageEvent, SessionEvents } from './runtime/events.ts';
export type { Incoming, IncomingProgress, IncomingState } from './runtime/incoming.ts';
export type { BufferData } from './runtime/buffer-bytes.ts';
export type { SendData } from './runtime/payload.ts';
export type { ReadableStreamLike, StreamChunk } from './runtime/stream-source.ts';
export type { Unsubscribe } from './runtime/safe-emitter.ts';
export type { SendOptions } from './runtime/send-options.ts';
export type { ChannelStats } from './runtime/channel-stats.ts';
export type { Stats } from './runtime/stats.ts';
export type { AbortSignalLike, Transfer, TransferProgress, TransferState } from './runtime/transfer.ts';
export type { Authorize, AuthorizeRequest, AuthorizeResult } from './server/authorize.ts';
export { ChunkServer } from './server/chunk-server.ts';
export type {
  AcceptOptions,
  AttachOptions,
  BroadcastOptions,
  ChunkServerEvents,
  ServerCloseOptions,
  ServerStats,
  WsServer,
} from './server/chunk-server.ts';
export type { AddressOf, ChunkServerOptions, SelectProtocol } from './server/options.ts';
export type { RefuseEvent } from './server/reception.ts';
export type {
  RequestInfo,
  ServerSession,
  ServerSessionEvents,
  SessionCloseEvent,
  SessionCloseOptions,
  SessionStatus,
} from './server/server-session.ts';
export type { ServerIncoming } from './server/server-incoming.ts';
export { handleProtocols } from './server/subprotocol.ts';
export { ChunkWebSocketServer } from './server/web-socket/chunk-web-socket-server.ts';
export type {
  ChunkWebSocketServerEvents,
  ChunkWebSocketServerOptions,
  WsServerOptions,
  WsWebSocketServer,
} from './server/web-socket/chunk-web-socket-server.ts';
export type {
  WsCloseEvent,
  WsErrorEvent,
  WsEvent,
  WsEventListener,
  WsEventMap,
  WsEventTarget,
  WsListenerOptions,
  WsMessageEvent,
} from './server/web-socket/event-listeners.ts';
export type { WsSendData } from './server/web-socket/outgoing-data.ts';
export type { RawData, WsBinaryType } from './server/web-socket/raw-data.ts';
export { SessionWebSocket } from './server/web-socket/session-web-socket.ts';
export type { SessionWebSocketEvents, WsSendOptions } from './server/web-socket/session-web-socket.ts';
export type { WsCallback } from './server/web-socket/send-callbacks.ts';
export type { SocketView } from './server/web-socket/socket-view.ts';
export type { WsSocket } from './server/ws-transport.ts';
export type { LimitCause } from './session/link/limit-learner.ts';
export type { Priority } from './session/mux/outgoing-message.ts';
