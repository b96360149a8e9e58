import { join } from 'node:path';
import { latencies, megabytesPerSecond } from '../measure.ts';
import type { RowResult } from '../measure.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { LatencyOutcome } from '../shared/outcomes.ts';
import { median, percentile } from '../../support/statistics.ts';
import type { RowContext } from './context.ts';
import { runJob } from './run-job.ts';

const MAX_ADDED_MS = 15;
const MIN_SHARE_PERCENT = 90;
/** The uploads of this row are smaller by so much: there are many of them. */
const SIZE_DIVISOR = 4;

/** Small messages beside a big one, and what either costs the other. */
export async function latencyRow(context: RowContext): Promise<RowResult> {
  const { bundles, folder, isQuick } = context;
  const bytes = Math.ceil(context.bytes / SIZE_DIVISOR);
  await using server = await ServerProcess.start(bundles.server, [join(folder, 'upload.bin')]);
  const outcome = (await runJob(context, server, {
    kind: 'latency',
    socketUrl: `ws://127.0.0.1:${server.port}`,
    bytes,
    rounds: isQuick ? 2 : 5,
    idlePings: isQuick ? 100 : 750,
  })) as LatencyOutcome;
  const { idle, loaded, aloneSeconds, loadedSeconds } = outcome;
  const alone = median(aloneSeconds.map((seconds) => bytes / seconds));
  const beside = median(loadedSeconds.map((seconds) => bytes / seconds));
  return {
    measures: [
      ...latencies('round trip from the page, idle', idle.page),
      ...latencies('round trip from the page', loaded.page, percentile(idle.page, 99) + MAX_ADDED_MS),
      ...latencies('round trip from the server (high), idle', idle.server),
      ...latencies('round trip from the server (high)', loaded.server, percentile(idle.server, 99) + MAX_ADDED_MS),
      megabytesPerSecond('payload, alone', alone),
      megabytesPerSecond('payload, with small messages', beside),
      {
        name: 'share of the throughput that is left',
        value: (beside / alone) * 100,
        unit: '%',
        goal: { atLeast: MIN_SHARE_PERCENT },
      },
    ],
    details: outcome,
  };
}
