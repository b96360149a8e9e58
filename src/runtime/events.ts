import type { ChunkSocketError } from '../errors/chunk-socket-error.ts';
import type { MessageOrigin } from '../protocol/frame.ts';
import type { Incoming } from './incoming.ts';
import type { LimitCause } from '../session/link/limit-learner.ts';

/** The form of binary messages that come in whole, by its name. */
export interface BinaryForms {
  arraybuffer: ArrayBuffer;
  blob: Blob;
  uint8array: Uint8Array<ArrayBuffer>;
}

/** Names the form of binary messages that come in whole. */
export type BinaryType = keyof BinaryForms;

/** A message that has come in whole. */
export interface MessageEvent<Binary = BinaryForms[BinaryType]> {
  /** A string for a text message, else bytes in the form that `binaryType` names. */
  readonly data: string | Binary;
  /** Name of the channel; `''` is the default channel. */
  readonly channel: string;
  /** What the sender said of it. */
  readonly meta: unknown;
  /**
   * Set when the message is sent again after a lost session, and so may have come before: identity of the first
   * sending (session id, channel number and ordinal), which is the same in every copy.
   */
  readonly possibleDuplicateOf: MessageOrigin | undefined;
}

/** The largest packet that may be sent has changed. */
export interface LimitEvent {
  readonly fromBytes: number;
  readonly toBytes: number;
  /** `suspected`: a connection was lost in a way that may mean too big; it is tried again later. */
  readonly cause: LimitCause;
}

/** What both the client's socket and the server's sessions emit. */
export interface SessionEvents<Binary = BinaryForms[BinaryType]> {
  /** A message begins: to be taken as it comes, or to be left to the listeners of `message`. Never in the plain mode. */
  incoming: Incoming;
  message: MessageEvent<Binary>;
  limit: LimitEvent;
  /** Everything that was sent is settled: nothing waits, nothing is unacknowledged. */
  drain: { readonly bufferedBytes: 0 };
  /** Something failed that no promise tells: the end of the session, or a listener that threw. */
  error: { readonly error: ChunkSocketError | Error };
}
