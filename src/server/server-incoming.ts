import type { Readable } from 'node:stream';
import type { Incoming } from '../runtime/incoming.ts';
import { IncomingTransfer } from '../runtime/incoming.ts';
import { nodeModule } from './node-module.ts';

/** A message on its way in, with a Node stream beside the web's. */
export interface ServerIncoming extends Incoming {
  /**
   * As `stream`, as a Node stream of Buffers, for `pipeline`. Destroying it before its end rejects the message.
   *
   * @throws TypeError in a page, which has no such streams
   */
  readable(): Readable;
}

/** The inside of a {@link ServerIncoming}. */
export class ServerIncomingTransfer extends IncomingTransfer implements ServerIncoming {
  readable(): Readable {
    const stream = nodeModule('node:stream');
    if (stream === undefined) throw new TypeError('There are no streams of Node in a page: take `stream()`.');
    const readable = stream.Readable.fromWeb(this.stream());
    // Whoever reads it later hears of it all the same; until then it would end the process.
    readable.on('error', () => undefined);
    return readable;
  }
}
