import { join } from 'node:path';
import { FaultProxy } from '../../../test/support/fault-proxy/fault-proxy.ts';
import { latencies, megabytesPerSecond } from '../measure.ts';
import type { Measure, RowResult } from '../measure.ts';
import { measureRawPath } from '../raw-path.ts';
import { ServerProcess } from '../../support/server-process.ts';
import type { ShapedOutcome } from '../shared/outcomes.ts';
import type { RowContext } from './context.ts';
import { runJob } from './run-job.ts';

/** A slow path, and what is expected on it. */
export interface SlowPath {
  /** Each way. */
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** What the upload may add to the round trip; no goal without it. */
  readonly maxAddedMs?: number;
  /** What it has to leave unused at most; no goal without it. */
  readonly minSharePercent?: number;
  readonly maxRetries?: number;
  readonly rampMs: number;
  readonly steadyMs: number;
}

/** More is sent than the path carries, so that the upload never ends by itself. */
const SIZE_FACTOR = 3;

/** An upload over a slow path with small messages beside it; and the path without the SDK, for comparison. */
export async function shapedRow(context: RowContext, path: SlowPath): Promise<RowResult> {
  const { bundles, folder, isQuick, output, signal } = context;
  const { bytesPerSecond, roundTripMs, maxAddedMs, minSharePercent, maxRetries } = path;
  const rampMs = isQuick ? path.rampMs / 2 : path.rampMs;
  const steadyMs = isQuick ? path.steadyMs / 5 : path.steadyMs;
  const idlePings = isQuick ? 100 : 500;
  await using server = await ServerProcess.start(bundles.server, [join(folder, 'upload.bin')]);
  await using proxy = await FaultProxy.start({ targetPort: server.port });
  proxy.faults.shape = { delayMs: roundTripMs / 2, bytesPerSecond };
  output.line('  the path without the SDK first');
  const raw = await Promise.race([measureRawPath(proxy.url, idlePings, steadyMs / 2), server.ended, aborted(signal)]);
  const outcome = (await runJob(context, server, {
    kind: 'shaped',
    socketUrl: proxy.url,
    bytes: Math.ceil((bytesPerSecond * (rampMs + steadyMs) * SIZE_FACTOR) / 1000),
    idlePings,
    rampMs,
    steadyMs,
  })) as ShapedOutcome;
  const { idle, loaded, ackedBytes, seconds, retries } = outcome;
  const p99 = maxAddedMs === undefined ? undefined : roundTripMs + maxAddedMs;
  const rate = ackedBytes / seconds;
  const share: Measure = {
    name: 'share of the rate of the path',
    value: (rate / bytesPerSecond) * 100,
    unit: '%',
    goal: minSharePercent === undefined ? undefined : { atLeast: minSharePercent },
  };
  const lost: Measure = {
    name: 'connections lost',
    value: retries,
    unit: '',
    goal: maxRetries === undefined ? undefined : { atMost: maxRetries },
  };
  return {
    measures: [
      ...latencies('round trip of a plain WebSocket, idle', raw.roundTripsMs),
      megabytesPerSecond('payload of a plain WebSocket', raw.bytesPerSecond),
      ...latencies('round trip from the page, idle', idle.page),
      ...latencies('round trip from the page', loaded.page, p99),
      ...latencies('round trip from the server (high)', loaded.server, p99),
      megabytesPerSecond('payload', rate),
      share,
      lost,
    ],
    details: { raw, ...outcome },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(new Error('Stopped.'));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
