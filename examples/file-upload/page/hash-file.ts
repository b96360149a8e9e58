/**
 * SHA-256 of a file, worked out in a Web Worker: here it would hold up the page, and the socket with it.
 *
 * @param signal - stops it
 */
export function hashFile(file: Blob, signal: AbortSignal): Promise<string> {
  const worker = new Worker('/hash-worker.js', { type: 'module' });
  const hashed = new Promise<string>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<string>) => {
      resolve(data);
    });
    worker.addEventListener('error', ({ message }) => {
      reject(new Error(`${message || 'The worker failed'}.`));
    });
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
  worker.postMessage(file);
  return hashed.finally(() => {
    worker.terminate();
  });
}
