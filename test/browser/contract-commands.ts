import { fromBase64, toBase64 } from './base64.ts';
import { ContractServer } from './contract-server.ts';

/** What a page can ask of the server of its contract test. Arguments and results are JSON, bytes are Base64. */
export interface ContractCommands {
  startContractServer(): Promise<{ readonly id: number; readonly url: string }>;
  stopContractServer(id: number): Promise<void>;
  peerSend(id: number, base64: string): Promise<void>;
  peerSendText(id: number, text: string): Promise<void>;
  peerClose(id: number, code: number, reason: string): Promise<void>;
  peerCut(id: number): Promise<void>;
  peerPause(id: number): Promise<void>;
  peerNext(id: number): Promise<string>;
  peerCountUnread(id: number): Promise<number>;
  peerClosed(id: number): Promise<{ readonly code: number; readonly reason: string }>;
}

const servers = new Map<number, ContractServer>();
let lastId = 0;

export const contractCommands: ContractCommands = {
  async startContractServer() {
    const server = await ContractServer.start();
    const id = ++lastId;
    servers.set(id, server);
    return { id, url: server.url };
  },
  async stopContractServer(id) {
    await serverOf(id).stop();
    servers.delete(id);
  },
  async peerSend(id, base64) {
    const peer = await serverOf(id).peer;
    await peer.send(fromBase64(base64));
  },
  async peerSendText(id, text) {
    const peer = await serverOf(id).peer;
    await peer.sendText(text);
  },
  async peerClose(id, code, reason) {
    const peer = await serverOf(id).peer;
    await peer.close(code, reason);
  },
  async peerCut(id) {
    const peer = await serverOf(id).peer;
    await peer.cut();
  },
  async peerPause(id) {
    const peer = await serverOf(id).peer;
    await peer.pause?.();
  },
  async peerNext(id) {
    const peer = await serverOf(id).peer;
    return toBase64(await peer.next());
  },
  async peerCountUnread(id) {
    const peer = await serverOf(id).peer;
    return peer.countUnread();
  },
  async peerClosed(id) {
    const peer = await serverOf(id).peer;
    return peer.closed;
  },
};

function serverOf(id: number): ContractServer {
  const server = servers.get(id);
  if (server === undefined) throw new Error(`There is no contract server ${id}.`);
  return server;
}
