import { Bench } from 'tinybench';
import type { BenchOptions } from 'tinybench';
import type { Benchmark } from './benchmark.ts';

/** What came of a benchmark. */
export interface Figures {
  /** In `unit`, of the mean time of a run. */
  readonly value: number;
  readonly unit: Benchmark['unit'];
  /** Margin of error of the mean, in percent of it, for a confidence of 95 %. */
  readonly rme: number;
  /** Runs that were timed. */
  readonly samples: number;
}

const THOROUGH: BenchOptions = { time: 1000, iterations: 10, warmupTime: 250, warmupIterations: 3 };
/** Two samples are the fewest of which there is an error. */
const QUICK: BenchOptions = { time: 20, iterations: 2, warmupTime: 5, warmupIterations: 1 };

/** @throws Error as the benchmark does */
export function measure({ unit, work, prepare, run }: Benchmark, isQuick: boolean): Figures {
  const bench = new Bench({ ...(isQuick ? QUICK : THOROUGH), throws: true });
  bench.add('run', run, { async: false, ...(prepare && { beforeEach: prepare }) });
  const [task] = bench.runSync();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`The benchmark is ${result?.state ?? 'gone'}.`);
  const { mean, rme, samplesCount } = result.latency;
  return { value: (work / mean) * 1000, unit, rme, samples: samplesCount };
}
