import { LOAD } from '../words.ts';
import type { WorkerNews } from '../words.ts';

/** Who hears of the worker. */
export interface WorkerListener {
  readonly onStatus: (status: string) => void;
  readonly onProgress: (receivedBytes: number, totalBytes: number | undefined) => void;
  /** It could not be started, or something was not caught in it. */
  readonly onProblem: (message: string) => void;
}

/** The page's side of the worker, which has the socket. */
export class ReadingsWorker {
  readonly #worker = new Worker('/worker.js', { type: 'module' });
  #loaded: (celsius: Float32Array) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  constructor({ onStatus, onProgress, onProblem }: WorkerListener) {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<WorkerNews>) => {
      switch (data.kind) {
        case 'status':
          onStatus(data.status);
          break;
        case 'progress':
          onProgress(data.receivedBytes, data.totalBytes);
          break;
        case 'loaded':
          this.#loaded(data.celsius);
          break;
        case 'failed':
          this.#failed(new Error(data.message));
          break;
      }
    });
    this.#worker.addEventListener('error', ({ message }) => {
      const problem = message || 'The worker could not be started.';
      onProblem(problem);
      this.#failed(new Error(problem));
    });
  }

  /** All temperatures; to be asked for one at a time. */
  load(): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      this.#loaded = resolve;
      this.#failed = reject;
      this.#worker.postMessage(LOAD);
    });
  }
}
