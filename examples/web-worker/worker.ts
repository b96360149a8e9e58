import { ChunkSocket } from 'chunksocket';
import { loadReadings } from './load-readings.ts';
import { LOAD } from './words.ts';
import type { WorkerNews } from './words.ts';

const socket = new ChunkSocket('/live');

function tell(news: WorkerNews, transfer: Transferable[] = []): void {
  postMessage(news, { transfer });
}

socket.on('status', ({ status }) => {
  tell({ kind: 'status', status });
});

addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (data === LOAD) void load();
});

async function load(): Promise<void> {
  try {
    const celsius = await loadReadings(socket, ({ receivedBytes, totalBytes }) => {
      tell({ kind: 'progress', receivedBytes, totalBytes });
    });
    tell({ kind: 'loaded', celsius }, [celsius.buffer]);
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
}
