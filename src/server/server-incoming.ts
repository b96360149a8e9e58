import { Readable } from 'node:stream';
import type { Incoming } from '../runtime/incoming.ts';
import { IncomingTransfer } from '../runtime/incoming.ts';

/** A message on its way in, with a Node stream beside the web's. */
export interface ServerIncoming extends Incoming {
  /**
   * As `stream`, as a Node stream of Buffers, for `pipeline`. Destroying it before its end rejects the message.
   */
  readable(): Readable;
}

/** The inside of a {@link ServerIncoming}. */
export class ServerIncomingTransfer extends IncomingTransfer implements ServerIncoming {
  readable(): Readable {
    return Readable.fromWeb(this.stream());
  }
}
