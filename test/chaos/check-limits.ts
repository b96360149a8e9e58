import type { LogEntry } from '../support/fault-proxy/fault-log.ts';
import type { Direction } from '../support/fault-proxy/direction.ts';
import type { SchedulePlan } from './plan.ts';
import type { EndReport } from './report.ts';

/** Taken to pass where nothing is known of the path. */
const ASSUMED_BYTES = 4096;
/** Losses in a row that make a size doubtful that has passed before. */
const LOSSES_TO_DOUBT = 3;

/** The sizes that the ends hold to pass, against what the path takes. */
export function checkLimits(
  { faults }: SchedulePlan,
  page: EndReport,
  server: EndReport,
  log: readonly LogEntry[],
): string[] {
  const { quietAtMs, limits, secretPayloadBytes = Infinity } = faults;
  const check = (direction: Direction, { stats }: EndReport): string[] => {
    const steps = limits.filter(({ limit }) => limit.direction === direction).sort((a, b) => a.atMs - b.atMs);
    const steppedBytes = steps.at(-1)?.limit.maxBytes ?? Infinity;
    const pathBytes = Math.max(
      ASSUMED_BYTES,
      direction === 'toServer' ? Math.min(steppedBytes, secretPayloadBytes) : steppedBytes,
    );
    if (stats === undefined || stats.limitFloorBytes <= pathBytes) return [];
    // A size that passed before is not given up for one loss or two.
    const hasFallen = steps.length > 1;
    const losses = log.filter(
      ({ what, detail, atMs }) => what === 'over-limit' && detail.startsWith(direction) && atMs > quietAtMs,
    ).length;
    if (hasFallen && losses < LOSSES_TO_DOUBT) return [];
    return [`${direction}: ${stats.limitFloorBytes} bytes are held to pass where ${pathBytes} do`];
  };
  return [...check('toServer', page), ...check('toClient', server)];
}
