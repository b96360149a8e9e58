import { readdirSync, readFileSync } from 'node:fs';
import { processTree } from '../support/memory.ts';
import type { CpuTime } from './page/cpu.ts';

const NS_PER_MS = 1e6;

/** Processor time of the server and of the browser, as Linux counts it. */
export function readCpuTime(serverPid: number, browserPid: number): CpuTime {
  const processes = processTree(browserPid).map(({ pid, type }) => ({ type, ms: processMs(pid) }));
  const renderers = processes.filter(({ type }) => type === 'renderer').map(({ ms }) => ms);
  return {
    pageMs: Math.max(0, ...renderers),
    browserMs: processes.reduce((sum, { ms }) => sum + ms, 0),
    serverMs: processMs(serverPid),
  };
}

/** Of all threads: to the nanosecond, where `/proc/pid/stat` counts in hundredths of a second. */
function processMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + threadMs(pid, thread), 0);
  } catch {
    return NaN;
  }
}

function threadMs(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / NS_PER_MS;
  } catch {
    // It has ended.
    return 0;
  }
}
