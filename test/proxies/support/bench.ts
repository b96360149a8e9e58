import type { BenchOptions, Story } from '../page/socket-bench.ts';
import type { Label } from '../server/delivery.ts';

/** Sockets that a test drives by name, wherever they are. */
export interface Bench {
  open(name: string, url: string, options?: BenchOptions): Promise<void>;
  /** Sends a Blob, and returns when it is delivered. */
  send(name: string, byteLength: number, label: Label, channel?: string): Promise<void>;
  tell(name: string): Promise<Story>;
  close(name: string): Promise<void>;
}
