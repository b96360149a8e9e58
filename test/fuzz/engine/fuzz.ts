import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Board } from './board.ts';
import { makeBundle } from './bundle.ts';
import type { Finding } from './findings.ts';
import type { WorkerResult, WorkerTask } from './worker.ts';

/** How long to fuzz what. */
export interface FuzzOptions {
  /** Path of a module that exports `target`. */
  readonly targetFile: string;
  /** Files whose branches guide it, and folders with such files. */
  readonly followed: readonly string[];
  /** Inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  readonly runs?: number;
  readonly milliseconds?: number;
  /** The same seed, inputs and runs do the same again. */
  readonly seed: number;
  /** An input that takes longer hangs, in seconds. @defaultValue 60 */
  readonly hangSeconds?: number;
  /** Different ones after which to stop. @defaultValue 5 */
  readonly maxFindings?: number;
  /** Memory of the worker's heap, in MiB: one that needs more is a finding. @defaultValue 512 */
  readonly maxHeapMebibytes?: number;
  /** Told about once a second how far it is. */
  readonly progress?: (board: Board) => void;
}

/** What came of it. */
export interface FuzzReport {
  readonly inputs: number;
  readonly seconds: number;
  /** Branches taken, of how many. */
  readonly branches: number;
  readonly branchCount: number;
  /** Branches, each with the classes of how often it was taken in one input. */
  readonly features: number;
  /** Inputs that together do all that was seen; none where the worker could not finish. */
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly Finding[];
  readonly largestHeapMebibytes: number;
}

const MAX_INPUT_BYTES = 65_536;

/** Fuzzes in a worker, which is ended where an input hangs. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { targetFile, followed, seeds, seed, progress, hangSeconds = 60 } = options;
  const { runs = Infinity, milliseconds = Infinity, maxFindings = 5, maxHeapMebibytes = 512 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'chunksocket-fuzz-'));
  const board = Board.make(MAX_INPUT_BYTES);
  const startMs = Date.now();
  try {
    const { file, counterCount } = await makeBundle(targetFile, followed, folder);
    const task: WorkerTask = { board: board.buffer, counterCount, seeds, runs, milliseconds, seed, maxFindings };
    const worker = new Worker(file, {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMebibytes },
    });
    const result = await resultOf(worker, board, hangSeconds, progress);
    await worker.terminate();
    return {
      inputs: board.get('runs'),
      seconds: (Date.now() - startMs) / 1000,
      branches: board.get('branches'),
      branchCount: counterCount,
      features: board.get('features'),
      largestHeapMebibytes: board.get('heapMebibytes'),
      ...result,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(
  worker: Worker,
  board: Board,
  hangSeconds: number,
  progress: FuzzOptions['progress'],
): Promise<WorkerResult> {
  return new Promise((resolve) => {
    let lastRun = -1;
    let stillSeconds = 0;
    // Counted in ticks of our own: a machine that stood still meanwhile hangs nothing.
    const watch = setInterval(() => {
      const run = board.get('runs');
      stillSeconds = run === lastRun ? stillSeconds + 1 : 0;
      lastRun = run;
      progress?.(board);
      if (stillSeconds >= hangSeconds) broke(`An input takes longer than ${hangSeconds} s.`);
    }, 1000);
    const finish = (result: WorkerResult): void => {
      clearInterval(watch);
      resolve(result);
    };
    const broke = (kind: string, report = kind): void => {
      finish({ corpus: [], findings: [{ kind, report, input: board.input }] });
    };
    worker.once('message', finish);
    worker.once('error', (error) => {
      broke(error.message, error.stack);
    });
    worker.once('exit', (code) => {
      broke(`The worker ended with ${code}.`);
    });
  });
}
