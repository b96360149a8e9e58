import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { ContractPeer } from '../contract/transport-contract.ts';
import { wsPeerOf } from '../contract/ws-peer.ts';

/** A server of `ws` in Node for one connection of a page. */
export class ContractServer {
  readonly url: string;
  /** The server's end, once the page has connected. */
  readonly peer: Promise<ContractPeer>;
  readonly #wss: WebSocketServer;

  private constructor(wss: WebSocketServer) {
    this.#wss = wss;
    this.url = `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;
    this.peer = new Promise((resolve) => {
      wss.once('connection', (socket) => {
        resolve(wsPeerOf(socket));
      });
    });
  }

  static async start(): Promise<ContractServer> {
    const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(wss, 'listening');
    return new ContractServer(wss);
  }

  async stop(): Promise<void> {
    for (const socket of this.#wss.clients) socket.terminate();
    await new Promise((resolve) => {
      this.#wss.close(resolve);
    });
  }
}
