import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkFile } from '../check-file.ts';
import { mebibytes, megabytesPerSecond } from '../measure.ts';
import type { RowResult } from '../measure.ts';
import { MemoryWatch, processTree } from '../../support/memory.ts';
import type { Growth } from '../../support/memory.ts';
import { formatMebibytes } from '../../support/output.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { TransferOutcome } from '../shared/outcomes.ts';
import type { RowContext } from './context.ts';
import { runJob } from './run-job.ts';

const MAX_HEAP_MIB = 32;
const MAX_RENDERER_MIB = 150;
const MAX_SERVER_MIB = 100;
/** For the browser to come to rest. */
const SETTLE_MS = 1000;
/** To be left over on the disk. */
const SPARE_BYTES = 512 * 1024 * 1024;

/** One big message: the memory it takes on both sides, and its speed. */
export async function transferRow(context: RowContext, kind: 'upload' | 'download'): Promise<RowResult> {
  const { bundles, folder, bytes } = context;
  const uploadPath = join(folder, 'upload.bin');
  if (kind === 'upload') await checkSpace(folder, bytes);
  await using server = await ServerProcess.start(bundles.server, [uploadPath]);
  const memory = new TransferMemory(server.pid);
  try {
    const job = { kind, bytes, socketUrl: `ws://127.0.0.1:${server.port}` } as const;
    const outcome = (await runJob(context, server, job, {
      hasBar: true,
      ready: async ({ pid }) => {
        await delay(SETTLE_MS);
        memory.start(pid);
      },
      done: () => {
        memory.stop();
      },
    })) as TransferOutcome;
    if (kind === 'upload') await checkFile(uploadPath, bytes);
    const { seconds, heapStartBytes, heapMaxBytes, heapLiveBytes } = outcome;
    return {
      measures: [
        mebibytes('JavaScript heap of the page, above start', heapMaxBytes - heapStartBytes, MAX_HEAP_MIB),
        mebibytes('the same after a collection half way', heapLiveBytes - heapStartBytes),
        mebibytes('RSS of the renderer, above start', rssGrowth(memory.renderer), MAX_RENDERER_MIB),
        mebibytes('PSS of the renderer, above start', pssGrowth(memory.renderer)),
        mebibytes('RSS of the server, above start', rssGrowth(memory.server), MAX_SERVER_MIB),
        mebibytes('RSS of the rest of the browser, above start', sum(memory.others.map(rssGrowth))),
        megabytesPerSecond('payload', bytes / seconds),
      ],
      details: { ...outcome, memory: memory.details },
    };
  } finally {
    memory.stop();
    await rm(uploadPath, { force: true });
  }
}

/** Watches the server, and every process that the browser has when the transfer begins. */
class TransferMemory {
  readonly #serverPid: number;
  #watches: readonly { readonly type: string; readonly watch: MemoryWatch }[] = [];
  details: readonly (Growth & { readonly type: string })[] = [];

  constructor(serverPid: number) {
    this.#serverPid = serverPid;
  }

  start(browserPid: number): void {
    this.#watches = [{ pid: this.#serverPid, type: 'server' }, ...processTree(browserPid)].map(({ pid, type }) => ({
      type: type || 'browser',
      watch: new MemoryWatch(pid),
    }));
  }

  stop(): void {
    const watches = this.#watches;
    if (watches.length === 0) return;
    this.#watches = [];
    this.details = watches.flatMap(({ type, watch }) => {
      const growth = watch.stop();
      return growth === undefined ? [] : [{ type, ...growth }];
    });
  }

  get server(): Growth | undefined {
    return this.details.find(({ type }) => type === 'server');
  }

  /** That of the page: others may be kept for pages to come, and do not grow. */
  get renderer(): Growth | undefined {
    const renderers = this.details.filter(({ type }) => type === 'renderer');
    return renderers.sort((a, b) => rssGrowth(b) - rssGrowth(a))[0];
  }

  get others(): Growth[] {
    const { renderer } = this;
    return this.details.filter((growth) => growth.type !== 'server' && growth !== renderer);
  }
}

async function checkSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= bytes + SPARE_BYTES) return;
  throw new Error(
    `There are ${formatMebibytes(freeBytes)} free in ${folder}, and ${formatMebibytes(bytes + SPARE_BYTES)} are needed: ` +
      'set TMPDIR to another folder, or --size to less.',
  );
}

function rssGrowth(growth: Growth | undefined): number {
  return growth === undefined ? NaN : growth.maxRssBytes - growth.startRssBytes;
}

function pssGrowth(growth: Growth | undefined): number {
  return growth === undefined ? NaN : growth.maxPssBytes - growth.startPssBytes;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
