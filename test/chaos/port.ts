import type { Incoming, LimitEvent, MessageEvent, SendData, SendOptions, Stats, Transfer } from '../../src/index.ts';

/** What a `ChunkSocket` and a `ServerSession` have in common. */
export interface Port {
  send(data: SendData, options?: SendOptions): Transfer;
  on(name: 'incoming', listener: (event: Incoming) => unknown): () => void;
  on(name: 'message', listener: (event: MessageEvent) => unknown): () => void;
  on(name: 'limit', listener: (event: LimitEvent) => unknown): () => void;
  on(name: 'error', listener: (event: { readonly error: Error }) => unknown): () => void;
  stats(): Stats;
}
