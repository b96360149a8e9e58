import { readdirSync, readFileSync } from 'node:fs';

const RSS_EVERY_MS = 100;
/** Linux takes some 5 ms to add it up for a renderer. */
const PSS_EVERY_MS = 2000;

/** What a process held at first, and the most that it held since, in bytes. */
export interface Growth {
  readonly startRssBytes: number;
  /** Resident memory, shared pages included. */
  readonly maxRssBytes: number;
  readonly startPssBytes: number;
  /** Resident memory, with shared pages divided among those that share them. */
  readonly maxPssBytes: number;
}

/** A process of a tree, by the value of its `--type=` argument; `''` for one without. */
export interface ProcessEntry {
  readonly pid: number;
  readonly type: string;
}

/** Watches the memory of one process, as Linux tells it, until it is stopped. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #start: Growth;
  #maxRssBytes = 0;
  #maxPssBytes = 0;
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(pid: number) {
    this.#pid = pid;
    this.#sampleRss();
    this.#samplePss();
    this.#start = this.#now;
    this.#timers = [
      setInterval(() => {
        this.#sampleRss();
      }, RSS_EVERY_MS),
      setInterval(() => {
        this.#samplePss();
      }, PSS_EVERY_MS),
    ];
  }

  get #now(): Growth {
    const [maxRssBytes, maxPssBytes] = [this.#maxRssBytes, this.#maxPssBytes];
    return { startRssBytes: maxRssBytes, maxRssBytes, startPssBytes: maxPssBytes, maxPssBytes };
  }

  /** @returns undefined where there is no `/proc` that tells */
  stop(): Growth | undefined {
    for (const timer of this.#timers) clearInterval(timer);
    this.#sampleRss();
    this.#samplePss();
    const { startRssBytes, startPssBytes } = this.#start;
    return startRssBytes === 0 ? undefined : { ...this.#now, startRssBytes, startPssBytes };
  }

  #sampleRss(): void {
    this.#maxRssBytes = Math.max(this.#maxRssBytes, readBytes(this.#pid, 'status', 'VmRSS'));
  }

  #samplePss(): void {
    this.#maxPssBytes = Math.max(this.#maxPssBytes, readBytes(this.#pid, 'smaps_rollup', 'Pss'));
  }
}

/** A process and all that descend from it. */
export function processTree(rootPid: number): ProcessEntry[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of numericEntries('/proc')) {
    const stat = read(name, 'stat');
    if (stat === undefined) continue;
    // The name of the program stands in brackets, and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), name]);
  }
  const tree = [rootPid];
  // Grows while it is read.
  for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
  return tree.map((pid) => ({ pid, type: /--type=([\w-]+)/.exec(read(pid, 'cmdline') ?? '')?.[1] ?? '' }));
}

function numericEntries(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** Undefined for a process that is gone, and where there is no `/proc`. */
function read(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** 0 where there is none. */
function readBytes(pid: number, file: string, name: string): number {
  const [, kibibytes = 0] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(pid, file) ?? '') ?? [];
  return Number(kibibytes) * 1024;
}
