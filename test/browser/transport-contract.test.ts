import { onTestFinished } from 'vitest';
import { commands } from 'vitest/browser';
import { openClientTransport, watchEnd } from '../contract/open-client-transport.ts';
import { describeTransport } from '../contract/transport-contract.ts';
import type { ContractPeer } from '../contract/transport-contract.ts';
import { fromBase64, toBase64 } from './base64.ts';

describeTransport("the client's, with the WebSocket of the page", async (handlers) => {
  const { id, url } = await commands.startContractServer();
  onTestFinished(() => commands.stopContractServer(id));
  const { transport, socket } = openClientTransport(WebSocket, url, handlers);
  return { transport, peer: remotePeer(id), over: watchEnd(socket) };
});

/** The server's end, in Node. */
function remotePeer(id: number): ContractPeer {
  return {
    send: (bytes) => commands.peerSend(id, toBase64(bytes)),
    sendText: (text) => commands.peerSendText(id, text),
    close: (code, reason) => commands.peerClose(id, code, reason),
    cut: () => commands.peerCut(id),
    pause: () => commands.peerPause(id),
    next: async () => fromBase64(await commands.peerNext(id)),
    countUnread: () => commands.peerCountUnread(id),
    get closed() {
      return commands.peerClosed(id);
    },
  };
}
