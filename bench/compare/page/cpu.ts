import { reporter } from './progress.ts';

/** Processor time so far, in ms. */
export interface CpuTime {
  /** Of the process of the page. */
  readonly pageMs: number;
  /** Of all processes of the browser, that of the page included. */
  readonly browserMs: number;
  readonly serverMs: number;
}

/** As the system counts it: the page itself cannot know. */
export async function cpuOf(): Promise<CpuTime> {
  return (await reporter.tell({ kind: 'asks', what: 'cpu' })) as CpuTime;
}
