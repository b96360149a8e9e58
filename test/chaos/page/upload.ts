import { ChunkSocket } from '../../../src/index.ts';
import type { Stats } from '../../../src/index.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';

const MIB = 1024 * 1024;

/** What a socket sends a lot with. */
export interface UploadArgs {
  readonly url: string;
  readonly maxPacketBytes: number;
}

const running: { socket?: ChunkSocket } = {};

/** One socket that sends a lot. */
export const uploadCommands = {
  /** Sends so many MiB, on the same socket each time. */
  async upload({ mebibytes, ...args }: UploadArgs & { readonly mebibytes: number }): Promise<Stats> {
    const socket = (running.socket ??= open(args));
    // The parts are one and the same: it takes no more memory than one of them.
    const part = new Blob([patternBytes(MIB)]);
    await socket.send(new Blob(new Array<Blob>(mebibytes).fill(part))).delivered;
    return socket.stats();
  },

  async endUpload(): Promise<void> {
    await running.socket?.close(1000, '', { drainMs: 2000 });
    delete running.socket;
  },
};

function open({ url, maxPacketBytes }: UploadArgs): ChunkSocket {
  return new ChunkSocket(url, { maxPacketBytes, retryBaseMs: 5, retryMaxMs: 20, rememberLimits: 'none' });
}
