import type { MessageOrigin } from '../../protocol/frame.ts';

/** A message that has come in whole. */
export interface WholeMessage {
  /** A string, or bytes with a buffer of their own. */
  readonly data: string | Uint8Array<ArrayBuffer>;
  /** Name of the channel; `''` is the default channel. */
  readonly channel: string;
  /** What the sender said of it, if anything. */
  readonly meta: unknown;
  /** Set when it is sent again after a lost session: identity of the first sending, whose message may have arrived. */
  readonly origin: MessageOrigin | undefined;
}
