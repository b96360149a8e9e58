import { ChunkSocket } from '../../../src/index.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';

/** What the worker is asked to do. */
export interface WorkerOrder {
  readonly url: string;
  readonly byteLength: number;
}

addEventListener('message', ({ data }: MessageEvent<WorkerOrder>) => {
  const socket = new ChunkSocket(data.url, { rememberLimits: 'none' });
  socket.send(patternBytes(data.byteLength)).delivered.then(
    () => {
      postMessage('delivered');
    },
    (error: unknown) => {
      postMessage(String(error));
    },
  );
});
