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
  const answer = new AbortController();
  try {
    const [json] = await Promise.all([
      nextText(socket, onProgress, answer.signal),
      socket.send('all readings').delivered,
    ]);
    return temperaturesIn(json);
  } finally {
    answer.abort();
  }
}

function temperaturesIn(json: string): Float32Array<ArrayBuffer> {
  const readings = JSON.parse(json) as readonly { readonly celsius: number }[];
  return Float32Array.from(readings, ({ celsius }) => celsius);
}

/** The next message, unless nobody waits for it any more, or the server that was asked is gone. */
function nextText(
  socket: ChunkSocket,
  onProgress: (progress: IncomingProgress) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const ends = [
      socket.once('close', ({ code, error }) => {
        reject(error ?? new Error(`The socket was closed (${code}).`));
      }),
      socket.once('lost', () => {
        reject(new Error('The server has forgotten the question.'));
      }),
      socket.once('incoming', (incoming) => {
        incoming.on('progress', onProgress);
        incoming.text().then(resolve, reject);
      }),
    ];
    signal.addEventListener('abort', () => {
      for (const end of ends) end();
    });
  });
}
