import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';

/**
 * What libraries look for in `_socket`: addresses of the first connection, and the end of writing. There is no one socket
 * under a session; whatever is set on this one has no effect.
 */
export class SocketView extends EventEmitter<{ finish: []; close: [] }> {
  readonly remoteAddress: string | undefined;
  readonly remoteFamily: string | undefined;
  readonly remotePort: number | undefined;
  readonly encrypted: boolean;
  readonly _writableState: { finished: boolean } = { finished: false };

  constructor({ socket }: IncomingMessage) {
    super();
    const { remoteAddress, remoteFamily, remotePort } = socket;
    this.remoteAddress = remoteAddress;
    this.remoteFamily = remoteFamily;
    this.remotePort = remotePort;
    this.encrypted = 'encrypted' in socket && socket.encrypted === true;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  /** Nothing more will be written. */
  finish(): void {
    this._writableState.finished = true;
    this.emit('finish');
    this.emit('close');
  }
}
