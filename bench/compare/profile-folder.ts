import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PageTrace } from '../shared/page-trace.ts';

const SERVER_SAMPLE_US = 200;

/** Where the CPU profiles of a row go: two files that the performance panel of DevTools opens. */
export class ProfileFolder {
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    mkdirSync(folder, { recursive: true });
  }

  /** For Node, which writes the file when it ends. */
  get serverArguments(): string[] {
    return [
      '--cpu-prof',
      `--cpu-prof-dir=${this.#folder}`,
      `--cpu-prof-name=${this.#name}-server.cpuprofile`,
      `--cpu-prof-interval=${SERVER_SAMPLE_US}`,
    ];
  }

  writePage(trace: PageTrace): void {
    writeFileSync(join(this.#folder, `${this.#name}-page.cpuprofile`), JSON.stringify(toCpuProfile(trace)));
  }
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly children: number[];
}

const ROOT_ID = 1;
const IDLE_ID = 2;
const FIRST_ID = 3;

/** The page's own samples (JS Self-Profiling) in the form that V8 gives its profiles. */
function toCpuProfile({ frames, stacks, samples, resources }: PageTrace): object {
  const node = (id: number, functionName: string, url = '', line = 0, column = 0): ProfileNode => ({
    id,
    callFrame: { functionName, scriptId: '0', url, lineNumber: line - 1, columnNumber: column - 1 },
    children: [],
  });
  const root = node(ROOT_ID, '(root)');
  const nodes = [root, node(IDLE_ID, '(idle)')];
  root.children.push(IDLE_ID);
  for (const [index, { frameId, parentId }] of stacks.entries()) {
    const { name, resourceId, line, column } = frames[frameId] ?? { name: '(unknown)' };
    const id = FIRST_ID + index;
    nodes.push(node(id, name, resourceId === undefined ? '' : resources[resourceId], line, column));
    // A parent comes before its children.
    (parentId === undefined ? root : nodes[parentId + FIRST_ID - 1])?.children.push(id);
  }
  const times = samples.map(({ timestamp }) => Math.round(timestamp * 1000));
  return {
    nodes,
    startTime: times[0] ?? 0,
    endTime: times.at(-1) ?? 0,
    samples: samples.map(({ stackId }) => (stackId === undefined ? IDLE_ID : FIRST_ID + stackId)),
    timeDeltas: times.map((time, index) => time - (times[index - 1] ?? time)),
  };
}
