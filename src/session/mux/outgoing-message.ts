import { encodeFields } from '../../protocol/frame-encoder.ts';
import type { MessageOrigin } from '../../protocol/frame.ts';
import type { Source } from './source.ts';

/** How urgent a message is beside those of other channels; the words are those of `fetch`. */
export type Priority = 'high' | 'auto' | 'low';

/** What a message is made of. */
export interface OutgoingInit {
  readonly source: Source;
  /** Name of the channel; `''` is the default channel. */
  readonly channel: string;
  readonly priority: Priority;
  readonly meta: unknown;
  /** When it is stale, unless it was begun, in ms. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * Where a message stands:
 * `queued` no byte of it is in the stream; `started` some are; `written` all are; `settled` delivered or failed.
 */
export type OutgoingState = 'queued' | 'started' | 'written' | 'settled';

/** The part of a channel that its messages tell of. */
export interface Lane {
  /** Credit alone holds it up. */
  readonly isHeldUp: boolean;
}

/** A message on its way out, as the mux keeps it: from `send` until the peer holds it or it has failed. */
export class OutgoingMessage {
  readonly init: OutgoingInit;
  state: OutgoingState = 'queued';
  /** Set once the first frame is written. */
  channelNumber = -1;
  ordinal = -1;
  /** The channel that it waits on. */
  lane: Lane | undefined;
  writtenBytes = 0;
  ackedBytes = 0;
  /** What the source held in memory when the message was handed over. */
  heldBytes = 0;
  /** Identity of the first sending, when an earlier session was lost. */
  origin: MessageOrigin | undefined;

  constructor(init: OutgoingInit) {
    this.init = init;
  }

  /** @param name - set when the message opens its channel number */
  fields(name: string | undefined): Uint8Array {
    const { meta } = this.init;
    return encodeFields({ name, meta, origin: this.origin });
  }
}
