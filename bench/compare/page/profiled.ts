import type { PageTrace } from '../../shared/page-trace.ts';
import { reporter } from './progress.ts';

/** Chromium only, and only with the document policy `js-profiling`. */
declare class Profiler {
  constructor(options: { sampleInterval: number; maxBufferSize: number });
  stop(): Promise<PageTrace>;
}

const SAMPLE_MS = 1;
const MAX_SAMPLES = 200_000;

/** Does `work`, and tells a CPU profile of it. */
export async function profiled<T>(work: () => Promise<T>): Promise<T> {
  const profiler = new Profiler({ sampleInterval: SAMPLE_MS, maxBufferSize: MAX_SAMPLES });
  const result = await work();
  await reporter.tell({ kind: 'profiled', trace: await profiler.stop() });
  return result;
}
