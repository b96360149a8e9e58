import { ChaosRun } from '../chaos-run.ts';
import type { Heap } from '../chaos-run.ts';
import type { CommandLine } from './command-line.ts';
import { formatCount, formatMib } from './report.ts';
import type { SoakReport } from './report.ts';

const MS_PER_MINUTE = 60_000;
const BATCH = 44;
const CONCURRENCY = 8;
/** Measured over so many batches, since what one of them leaves behind varies. */
const HEAP_BATCHES = 3;
/** What a batch may leave for ever: nothing. What it may seem to leave: this. */
const MAX_GROWTH = 6 * 1024 * 1024;

/** Runs schedules until the time is over, and tells every minute how it goes. */
export async function soak(
  { minutes, seed, engine }: CommandLine,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<SoakReport> {
  const troubles: string[] = [];
  const watch = (name: string) => (error: unknown) => {
    troubles.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  process.on('uncaughtException', watch('uncaught exception'));
  process.on('unhandledRejection', watch('unhandled rejection'));
  process.on('warning', watch('warning'));

  const startMs = performance.now();
  const endMs = startMs + minutes * MS_PER_MINUTE;
  const elapsed = (): number => (performance.now() - startMs) / MS_PER_MINUTE;
  const goesOn = (): boolean => performance.now() < endMs && !signal.aborted;
  tell(`${minutes} minutes in ${engine}, seed ${seed}`);
  await using run = await ChaosRun.start(engine, seed);
  let toldFailures = 0;
  const timer = setInterval(() => {
    const { schedules, messages, bytes, violations, failures } = run.tally;
    const { page, server } = run.heaps.at(-1) ?? {};
    for (; toldFailures < failures.length; toldFailures++)
      tell(failures[toldFailures]?.split('\n', 4).join('\n') ?? '');
    tell(
      `${elapsed().toFixed(0)} min: ${formatCount(schedules)} schedules, ${formatCount(messages)} messages, ` +
        `${formatMib(bytes)}, ${violations} violations; heap: page ${formatMib(page)}, server ${formatMib(server)}`,
    );
  }, MS_PER_MINUTE);
  try {
    for (let from = 0; goesOn(); from += BATCH) {
      const indices = Array.from({ length: BATCH }, (_, index) => from + index);
      await run.batch(indices, CONCURRENCY, goesOn);
    }
  } catch (error) {
    watch('the run broke off')(error);
  } finally {
    clearInterval(timer);
  }

  const { tally, heaps, link } = run;
  const heapAtStart = heapOf(heaps.slice(1, 1 + HEAP_BATCHES));
  const heapAtEnd = heapOf(heaps.slice(1 + HEAP_BATCHES).slice(-HEAP_BATCHES));
  troubles.push(...link.pageErrors.map((error) => `page: ${error}`), ...checkGrowth(heapAtStart, heapAtEnd));
  const { schedules, messages, bytes, connections, resentBytes, limitChanges, closeCodes } = tally;
  const { kinds, outcomes, faults, violations, failures } = tally;
  return {
    browser: engine,
    seed,
    minutes: elapsed(),
    ...{ schedules, messages, bytes, connections, resentBytes, limitChanges, closeCodes, kinds, outcomes, faults },
    heapAtStart,
    heapAtEnd,
    violations: violations + troubles.length,
    failures: [...failures, ...troubles],
  };
}

/** The least of some, since garbage only adds. */
function heapOf(heaps: readonly Heap[]): Heap | undefined {
  if (heaps.length === 0) return undefined;
  const pages = heaps.flatMap(({ page }) => (page === undefined ? [] : [page]));
  return {
    page: pages.length === 0 ? undefined : Math.min(...pages),
    server: Math.min(...heaps.map(({ server }) => server)),
  };
}

function checkGrowth(start: Heap | undefined, end: Heap | undefined): string[] {
  if (start === undefined || end === undefined) return [];
  return (['page', 'server'] as const)
    .filter((name) => (end[name] ?? 0) - (start[name] ?? 0) > MAX_GROWTH)
    .map((name) => `the heap of the ${name} grew from ${formatMib(start[name])} to ${formatMib(end[name])}`);
}
