import type { Job, LatencyJob, ShapedJob, TransferJob } from '../shared/job.ts';
import type { LatencyOutcome, Outcome, ShapedOutcome, TransferOutcome } from '../shared/outcomes.ts';
import { PING_EVERY_MS } from '../../shared/pinger.ts';
import { download } from './download.ts';
import { HeapWatch } from '../../shared/heap.ts';
import { Link } from './link.ts';
import { Reporter } from '../../shared/reporter.ts';
import { makeBlob, startUpload, upload } from './upload.ts';

/** Enough to find out how large packets may be, and how fast the path is. */
const WARM_UP_BYTES = 32 * 1024 * 1024;

const reporter = new Reporter();
try {
  const job = (await (await fetch('/job.json')).json()) as Job;
  const link = new Link(job.socketUrl);
  await link.opened();
  await reporter.tell({ kind: 'done', outcome: await run(job, link) });
} catch (error) {
  await reporter.tell({
    kind: 'failed',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}

function run(job: Job, link: Link): Promise<Outcome> {
  switch (job.kind) {
    case 'upload':
    case 'download':
      return transfer(job, link);
    case 'latency':
      return latency(job, link);
    case 'shaped':
      return shaped(job, link);
  }
}

async function transfer({ kind, bytes }: TransferJob, link: Link): Promise<TransferOutcome> {
  const blob = makeBlob(kind === 'upload' ? bytes : 0);
  const heap = await HeapWatch.start();
  reporter.onProgress = (doneBytes, totalBytes) => {
    heap.progress(doneBytes, totalBytes);
  };
  await reporter.tell({ kind: 'ready' });
  const seconds =
    kind === 'upload' ? await upload(link, blob, reporter, { keep: 'file' }) : await download(link, bytes, reporter);
  const heapMaxBytes = heap.stop();
  const { startBytes: heapStartBytes, liveBytes: heapLiveBytes } = heap;
  return { seconds, heapStartBytes, heapMaxBytes, heapLiveBytes, stats: link.socket.stats() };
}

async function latency({ bytes, rounds, idlePings }: LatencyJob, link: Link): Promise<LatencyOutcome> {
  const blob = makeBlob(bytes);
  const meta = { keep: 'nothing' } as const;
  await reporter.tell({ kind: 'ready' });
  await upload(link, blob.slice(0, WARM_UP_BYTES), reporter, meta);
  const idle = await link.ping(() => delay(idlePings * PING_EVERY_MS));
  const aloneSeconds: number[] = [];
  const loadedSeconds: number[] = [];
  const loaded: { page: number[]; server: number[] } = { page: [], server: [] };
  for (let round = 0; round < rounds; round++) {
    aloneSeconds.push(await upload(link, blob, reporter, meta));
    const { page, server } = await link.ping(async () => {
      loadedSeconds.push(await upload(link, blob, reporter, meta));
    });
    loaded.page.push(...page);
    loaded.server.push(...server);
  }
  return { idle, loaded, aloneSeconds, loadedSeconds, stats: link.socket.stats() };
}

async function shaped({ bytes, idlePings, rampMs, steadyMs }: ShapedJob, link: Link): Promise<ShapedOutcome> {
  const blob = makeBlob(bytes);
  await reporter.tell({ kind: 'ready' });
  const idle = await link.ping(() => delay(idlePings * PING_EVERY_MS));
  const sending = startUpload(link, blob, reporter, { keep: 'nothing' });
  await delay(rampMs);
  const before = sending.ackedBytes;
  const startedAtMs = performance.now();
  let ackedBytes = 0;
  let seconds = 0;
  const loaded = await link.ping(async () => {
    await delay(steadyMs);
    ackedBytes = sending.ackedBytes - before;
    seconds = (performance.now() - startedAtMs) / 1000;
  });
  const stats = link.socket.stats();
  if (sending.state !== 'sending') throw new Error(`The upload is ${sending.state}: it was to go on to the end.`);
  sending.abort();
  return { idle, loaded, ackedBytes, seconds, retries: link.retries, stats };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
