/** Something that is done again and again to see how fast it is. */
export interface Benchmark {
  readonly unit: 'varints/s' | 'frames/s' | 'packets/s' | 'messages/s' | 'MB/s';
  /** How much one run does, in what `unit` counts. */
  readonly work: number;
  /** Makes what one run uses up. Not timed. */
  readonly prepare?: () => void;
  /** @throws Error when what came out is not what went in, so that no figure is about work that was not done */
  readonly run: () => void;
}

/** As {@link Benchmark.work} of a unit of MB/s. */
export function megabytes(bytes: number): number {
  return bytes / 1e6;
}

/** @throws Error unless both are the same */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}.`);
}
