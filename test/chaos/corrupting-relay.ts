import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Direction } from '../support/fault-proxy/direction.ts';
import type { Random } from '../support/sim/random.ts';

/** So many of the first connections are spoilt. */
const SPOILT_CONNECTIONS = 4;
const MAX_OFFSET = 60_000;

/** Passes TCP connections on, and changes bytes of the first few, as no network should. */
export class CorruptingRelay {
  changedBytes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #random: Random;
  readonly #targetPort: number;
  #connections = 0;

  private constructor(targetPort: number, random: Random) {
    this.#targetPort = targetPort;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (client) => {
      this.#pass(client);
    });
  }

  static async start(targetPort: number, random: Random): Promise<CorruptingRelay> {
    const relay = new CorruptingRelay(targetPort, random);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(client: Socket): void {
    const server = connect({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    const isSpoilt = ++this.#connections <= SPOILT_CONNECTIONS;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    this.#copy('toServer', client, server, isSpoilt);
    this.#copy('toClient', server, client, isSpoilt);
  }

  #copy(direction: Direction, from: Socket, to: Socket, isSpoilt: boolean): void {
    const random = this.#random.fork();
    const spoilt = isSpoilt && random.chance(0.8) ? random.int(1, 4) : 0;
    const offsets = Array.from({ length: spoilt }, () => random.scaled(direction === 'toServer' ? 1 : 10, MAX_OFFSET));
    let passed = 0;
    from.on('data', (chunk: Buffer) => {
      for (const offset of offsets) {
        const at = offset - passed;
        if (at < 0 || at >= chunk.length) continue;
        chunk[at] = (chunk[at] ?? 0) ^ (1 << random.int(0, 7));
        this.changedBytes++;
      }
      passed += chunk.length;
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
  }
}
