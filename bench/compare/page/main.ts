import type { Job, Samples } from '../shared/job.ts';
import { profiled } from './profiled.ts';
import { reporter } from './progress.ts';
import { beside, heap, sizes } from './rows/beside.ts';
import { download, stream, text, upload } from './rows/bulk.ts';
import { counts } from './rows/counts.ts';
import { cut, first, hiddenLimit } from './rows/path.ts';
import { burstDown, burstUp, roundTrip, steady } from './rows/small.ts';

try {
  const job = (await (await fetch('/job.json')).json()) as Job;
  await reporter.tell({ kind: 'ready' });
  const outcome = await (job.isProfiled ? profiled(() => run(job)) : run(job));
  await reporter.tell({ kind: 'done', outcome });
} catch (error) {
  await reporter.tell({
    kind: 'failed',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}

function run(job: Job): Promise<Samples> {
  const { task } = job;
  switch (task.kind) {
    case 'upload':
      return upload(job, task.bytes);
    case 'download':
      return download(job, task.bytes);
    case 'stream':
      return stream(job, task.bytes);
    case 'text':
      return text(job, task.alphabet, task.length);
    case 'burst-up':
      return burstUp(job, task.count, task.bytes);
    case 'burst-down':
      return burstDown(job, task.count, task.bytes);
    case 'steady':
      return steady(job, task.perSecond, task.seconds, task.bytes);
    case 'round-trip':
      return roundTrip(job, task.count, task.bytes);
    case 'beside':
      return beside(job, task.uploadBytes, task.pings);
    case 'first':
      return first(job);
    case 'cut':
      return cut(job, task.bytes);
    case 'hidden-limit':
      return hiddenLimit(job, task.bytes);
    case 'heap':
      return heap(job, task.bytes);
    case 'sizes':
      return sizes(job, task.sizes);
    case 'counts':
      return counts(job, task.counts, task.bytes);
  }
}
