import { benchArgs } from '../../support/chromium-args.ts';
import { runPage } from '../../support/run-page.ts';
import type { PageEvents } from '../../support/run-page.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import type { Job } from '../shared/job.ts';
import type { Outcome } from '../shared/outcomes.ts';
import type { RowContext } from './context.ts';

/** Has a new browser do a job, and waits for what comes of it. */
export async function runJob(
  { output, executable, bundles, folder, signal }: RowContext,
  server: ServerProcess,
  job: Job,
  events: PageEvents & { readonly hasBar?: boolean } = {},
): Promise<Outcome> {
  const context = {
    engine: 'chromium',
    executable,
    chromiumArgs: benchArgs,
    script: bundles.page,
    folder,
    signal,
  } as const;
  const progress = (doneBytes: number, totalBytes: number): void => {
    if (events.hasBar === true) output.progress(doneBytes, totalBytes);
  };
  try {
    return await runPage<Outcome>(context, job, server.ended, { ...events, progress });
  } finally {
    output.endProgress();
  }
}
