import { MemoryTransport } from '../support/memory-transport.ts';
import { Inbox } from '../support/inbox.ts';
import { describeTransport } from './transport-contract.ts';

describeTransport('in memory', (handlers) => {
  const [transport, other] = MemoryTransport.pair();
  const inbox = new Inbox<Uint8Array>();
  const closed = new Inbox<{ code: number; reason: string }>();
  other.start({
    opened: () => undefined,
    received: (bytes) => {
      inbox.push(bytes);
    },
    receivedText: () => undefined,
    closed: ({ code, reason }) => {
      closed.push({ code, reason });
    },
  });
  transport.start(handlers);
  return Promise.resolve({
    transport,
    peer: {
      send: (bytes) => {
        other.send(bytes);
      },
      sendText: () => {
        other.sendText();
      },
      close: (code, reason) => {
        other.close(code, reason);
      },
      cut: () => {
        other.cut();
      },
      pause: () => {
        other.pause();
      },
      next: () => inbox.next(),
      countUnread: () => inbox.items.length,
      closed: closed.next(),
    },
  });
});
