import type { SendData } from '../runtime/payload.ts';
import type { SafeEmitter } from '../runtime/safe-emitter.ts';
import type { SendOptions } from '../runtime/send-options.ts';
import type { Stats } from '../runtime/stats.ts';
import type { Transfer } from '../runtime/transfer.ts';
import type { ChunkSocketEvents, Status } from './events.ts';

/** What keeps a socket connected: by the protocol, or in the plain mode. */
export interface SocketDriver {
  readonly emitter: SafeEmitter<ChunkSocketEvents>;
  readonly status: Status;
  /** The application subprotocol that the server chose. */
  readonly protocol: string;
  /** Settles when all is over. */
  readonly over: Promise<void>;
  readonly port: {
    readonly bufferedBytes: number;
    readonly ready: Promise<void>;
    send(data: SendData, options?: SendOptions): Transfer;
    stats(): Stats;
  };
  /** Finishes what was sent, then closes. */
  close(code: number, reason: string, drainMs: number): void;
}

/** Settles with the event that ends a socket. */
export function endOf(emitter: SafeEmitter<ChunkSocketEvents>): Promise<void> {
  return new Promise((resolve) => {
    emitter.once('close', () => {
      resolve();
    });
  });
}
