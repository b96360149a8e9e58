import type { ChunkSocket, IncomingProgress } from 'chunksocket';

/**
 * Asks for all readings, and takes the temperatures out of them. To parse so much JSON blocks the thread that does it.
 *
 * @returns one per reading, in °C
 */
export async function loadReadings(
  socket: ChunkSocket,
  onProgress: (progress: IncomingProgress) => void,
): Promise<Float32Array<ArrayBuffer>> {
  const [json] = await Promise.all([nextText(socket, onProgress), socket.send('all readings').delivered]);
  const readings = JSON.parse(json) as readonly { readonly celsius: number }[];
  return Float32Array.from(readings, ({ celsius }) => celsius);
}

function nextText(socket: ChunkSocket, onProgress: (progress: IncomingProgress) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const endClose = socket.once('close', ({ code, error }) => {
      reject(error ?? new Error(`The socket was closed (${code}).`));
    });
    socket.once('incoming', (incoming) => {
      endClose();
      incoming.on('progress', onProgress);
      incoming.text().then(resolve, reject);
    });
  });
}
