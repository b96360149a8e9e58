/** How far back the charts go. */
export const WINDOW_MS = 30_000;

/** What was measured at one time; null for what was not. */
export interface Sample {
  readonly atMs: number;
  readonly limitBytes: number | null;
  /** Size at which a packet was refused with 1009. */
  readonly refusedBytes: number | null;
  readonly sentPerSecond: number | null;
  readonly resentPerSecond: number | null;
  readonly rttMs: number | null;
  readonly pingMs: number | null;
}

const NOTHING = {
  limitBytes: null,
  refusedBytes: null,
  sentPerSecond: null,
  resentPerSecond: null,
  rttMs: null,
  pingMs: null,
};

/** What was measured lately, oldest first. */
export class Samples {
  #samples: Sample[] = [];

  add(atMs: number, values: Partial<Sample>): void {
    this.#samples.push({ ...NOTHING, ...values, atMs });
    // One older than the window, for the line that leads into it.
    const first = this.#samples.findIndex((sample) => sample.atMs >= atMs - WINDOW_MS);
    if (first > 1) this.#samples = this.#samples.slice(first - 1);
  }

  /** As columns: times in seconds before `nowMs`, and then what is asked for; times without any of it are left out. */
  columns(nowMs: number, ...names: readonly (keyof Sample)[]): (number | null)[][] {
    const rows = this.#samples.filter((sample) => names.some((name) => sample[name] !== null));
    return [rows.map(({ atMs }) => (atMs - nowMs) / 1000), ...names.map((name) => rows.map((row) => row[name]))];
  }
}
