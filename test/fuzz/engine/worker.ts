import { parentPort, workerData } from 'node:worker_threads';
import { Random } from '../../support/sim/random.ts';
import { meterAllocations } from './allocations.ts';
import { Board } from './board.ts';
import { Corpus } from './corpus.ts';
import { kindOf, shrink } from './findings.ts';
import type { Finding } from './findings.ts';
import { Mutator } from './mutator.ts';
import type { Target } from './target.ts';

/** What the worker is started with. */
export interface WorkerTask {
  readonly board: SharedArrayBuffer;
  readonly counterCount: number;
  readonly seeds: readonly Uint8Array[];
  readonly runs: number;
  readonly milliseconds: number;
  readonly seed: number;
  readonly maxFindings: number;
}

/** What the worker has to say at its end. */
export interface WorkerResult {
  /** Inputs that together do all that was seen. */
  readonly corpus: readonly Uint8Array[];
  readonly findings: readonly Finding[];
}

const HEAP_EVERY = 4096;
/** An input grows as long as nothing new is found at its present length. */
const FIRST_BYTES = 128;
const GROW_EVERY = 20_000;

/** Fuzzes `target` as the task of this worker says. */
export function start(target: Target): void {
  meterAllocations();
  parentPort?.postMessage(fuzz(target, workerData as WorkerTask));
}

function fuzz(target: Target, task: WorkerTask): WorkerResult {
  const { board: buffer, counterCount, seeds, runs, milliseconds, seed, maxFindings } = task;
  const board = new Board(buffer);
  const random = new Random(seed);
  const corpus = new Corpus(counterCount);
  const mutator = new Mutator(random, target.tokens);
  const findings = new Map<string, Finding>();
  const untilMs = Date.now() + milliseconds;
  let allowedBytes = FIRST_BYTES;
  let staleRuns = 0;
  let largestHeap = 0;

  for (let run = 0; run < runs && findings.size < maxFindings; run++) {
    const isSeed = run < seeds.length;
    const parent = isSeed || corpus.entries.length === 0 ? -1 : corpus.pick(random);
    const from = corpus.entries[parent] ?? { bytes: new Uint8Array(1), cuts: undefined };
    const other = corpus.entries[corpus.entries.length === 0 ? -1 : random.int(0, corpus.entries.length - 1)] ?? from;
    const longest = Math.min(target.maxBytes, Math.max(allowedBytes, from.bytes.length));
    const input = isSeed ? (seeds[run] as Uint8Array) : mutator.mutate(from, other, longest);
    board.begin(run + 1, input);
    corpus.reset();
    try {
      const cuts = target.run(input);
      staleRuns = corpus.judge(input, cuts, parent) ? 0 : staleRuns + 1;
    } catch (error) {
      const kind = kindOf(error);
      if (!findings.has(kind)) findings.set(kind, shrink(target, input, error));
      board.set('findings', findings.size);
    }
    if (staleRuns > GROW_EVERY && allowedBytes < target.maxBytes) {
      staleRuns = 0;
      allowedBytes *= 2;
    }
    if (run % HEAP_EVERY === 0) {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      largestHeap = Math.max(largestHeap, (heapUsed + arrayBuffers) / 2 ** 20);
      board.set('heapMebibytes', largestHeap);
    }
    board.set('branches', corpus.branchCount);
    board.set('features', corpus.featureCount);
    board.set('corpus', corpus.entries.length);
    if (run % 64 === 0 && Date.now() > untilMs) break;
  }
  return { corpus: corpus.essence(), findings: [...findings.values()] };
}
