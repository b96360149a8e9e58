import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { SocketBench } from '../page/socket-bench.ts';
import type { BenchOptions, Story } from '../page/socket-bench.ts';
import type { Label } from '../server/delivery.ts';
import type { Bench } from './bench.ts';

/** Sockets in this process, for one test. */
export class NodeBench implements Bench {
  readonly #bench = new SocketBench({ WebSocket });

  constructor() {
    onTestFinished(() => {
      this.#bench.closeAll();
    });
  }

  open(name: string, url: string, options: BenchOptions = {}): Promise<void> {
    this.#bench.open(name, url, options);
    return Promise.resolve();
  }

  send(name: string, byteLength: number, label: Label, channel = ''): Promise<void> {
    return this.#bench.send(name, byteLength, label, channel);
  }

  tell(name: string): Promise<Story> {
    return Promise.resolve(this.#bench.tell(name));
  }

  close(name: string): Promise<void> {
    return this.#bench.close(name);
  }
}
