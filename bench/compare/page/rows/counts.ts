import type { Job, Samples } from '../../shared/job.ts';
import { secondsOf } from '../alternate.ts';
import { openChunkSocket } from '../connections/chunk-socket.ts';
import { tellProgress } from '../progress.ts';
import { sendAll } from '../talk.ts';

/** So many are sent without a look at the room that is left. */
const BATCH = 10_000;

/** Seconds of so many small messages. */
export async function counts({ url, rounds }: Job, all: readonly number[], bytes: number): Promise<Samples> {
  const connection = await openChunkSocket(url);
  const { socket } = connection;
  const data = new ArrayBuffer(bytes);
  const send = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      if (sent % BATCH === BATCH - 1) await socket.ready;
      socket.send(data);
    }
  };
  const samples = Object.fromEntries(all.map((count) => [count, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const count of all) {
      const seconds = await secondsOf(() =>
        sendAll(connection, count, count * bytes, () => {
          void send(count);
        }),
      );
      samples[count]?.push(seconds);
      tellProgress();
    }
  }
  return samples;
}
