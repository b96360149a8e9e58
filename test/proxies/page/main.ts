import { SocketBench } from './socket-bench.ts';

/** The part of the test that runs in a page. */
const page = {
  bench: new SocketBench(),

  /** Opens a native WebSocket so many times, and sends one message that is too big. Returns how each was closed. */
  async sendNative(urls: readonly string[], count: number, byteLength: number): Promise<string[]> {
    const closes = Array.from({ length: count }, async (_, index) => {
      const socket = new WebSocket(urls[index % urls.length] as string, 'chunksocket.v1');
      const close = new Promise<CloseEvent>((resolve) => {
        socket.onclose = resolve;
      });
      socket.onopen = () => {
        socket.send(new Uint8Array(byteLength));
      };
      const { code, wasClean } = await close;
      return `${code}${wasClean ? ' clean' : ''}`;
    });
    return Promise.all(closes);
  },
};

/** What a test asks a page for. */
export type BenchPage = typeof page;

Object.assign(globalThis, { benchPage: page });
