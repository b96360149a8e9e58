import { openBrowserTransport } from '../../src/client/browser-transport.ts';
import type { WebSocketConstructor } from '../../src/client/browser-transport.ts';
import type { Transport, TransportHandlers } from '../../src/runtime/transport.ts';

/** The client's transport, and the socket that it made for itself. */
export interface OpenedTransport<Socket> {
  readonly transport: Transport;
  readonly socket: Socket;
}

/** Opens the client's transport over a socket of `WebSocketClass`. */
export function openClientTransport<Socket>(
  WebSocketClass: new (url: string, protocols: string[]) => Socket,
  url: string,
  handlers: TransportHandlers,
): OpenedTransport<Socket> {
  const sockets: Socket[] = [];
  function RecordingWebSocket(...args: [url: string, protocols: string[]]): Socket {
    const socket = new WebSocketClass(...args);
    sockets.push(socket);
    return socket;
  }
  const transport = openBrowserTransport(RecordingWebSocket as unknown as WebSocketConstructor, url, [], handlers);
  return { transport, socket: sockets[0] as Socket };
}

/** What makes a function for `over` of a socket that has just been opened. */
export function watchEnd(socket: { addEventListener(type: 'close', listener: () => void): void }): () => Promise<void> {
  // The transport's own listener comes before this one.
  const end = new Promise<void>((resolve) => {
    socket.addEventListener('close', () => {
      resolve();
    });
  });
  return () => end;
}
