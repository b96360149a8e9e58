export { ChunkSocket } from './client/chunk-socket.ts';
export type { CloseOptions } from './client/chunk-socket.ts';
export type { WebSocketConstructor, WebSocketLike } from './client/browser-transport.ts';
export type { ChunkSocketEvents, DebugEntry, DebugKind, Status } from './client/events.ts';
export type { ChunkSocketOptions, ConnectionContext, PerConnection } from './client/options.ts';
export { ChunkSocketError } from './errors/chunk-socket-error.ts';
export type { ErrorCode, ErrorDetail } from './errors/chunk-socket-error.ts';
export {
  ClosedError,
  HandshakeError,
  LimitTooSmallError,
  OptionError,
  ProtocolError,
} from './errors/session-errors.ts';
export {
  AbortedError,
  BufferFullError,
  CancelledError,
  ExpiredError,
  MessageTooBigError,
  PlainModeError,
  RejectedError,
  SessionLostError,
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
export type { SessionLossPolicy } from './runtime/port-owner.ts';
export type { SendOptions } from './runtime/send-options.ts';
export type { ChannelStats } from './runtime/channel-stats.ts';
export type { Stats } from './runtime/stats.ts';
export type { AbortSignalLike, Transfer, TransferProgress, TransferState } from './runtime/transfer.ts';
export type { TransportClose } from './runtime/transport.ts';
export type { LimitCause } from './session/link/limit-learner.ts';
export type { Priority } from './session/mux/outgoing-message.ts';
