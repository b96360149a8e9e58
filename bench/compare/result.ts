/** What a row is judged by: our figure over that of the raw WebSocket, or our figure alone. */
export interface Goal {
  readonly of: 'ratio' | 'ours';
  readonly is: 'at least' | 'at most';
  readonly value: number;
  /** Where we want to get. */
  readonly then?: number | undefined;
}

export type Unit =
  'MB/s' | 'M char/s' | 'messages/s' | 'ms' | 'ms/s' | 'KiB' | 'MiB' | 'round trips' | 'connections' | 'kB' | '';

/** One line of the table. */
export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly ours: number;
  /** Null where the raw WebSocket has nothing to compare. */
  readonly raw: number | null;
  /** Median of the rounds' ratios. */
  readonly ratio: number | null;
  /** Least and greatest ratio of a round. */
  readonly spread: readonly [least: number, greatest: number] | null;
  readonly goal: number | null;
  readonly goalOf: string | null;
  readonly then: number | null;
  /** Null where there is no goal. */
  readonly ok: boolean | null;
  /** What others reach, by their name. */
  readonly others: Readonly<Record<string, number>>;
  /** Of each round, as it was measured. */
  readonly samples: object;
}

/** A row that could not be measured. */
export interface RowFailure {
  readonly name: string;
  readonly failure: string;
}

export type Outcome = RowResult | RowFailure;

/** A row from its figures. */
export function rowResult(
  row: Pick<RowResult, 'name' | 'title' | 'unit' | 'ours'> & Partial<RowResult>,
  goal: Goal | undefined,
): RowResult {
  const { ratio = null, ours } = row;
  const value = goal?.of === 'ratio' ? ratio : ours;
  const ok =
    goal === undefined || value === null ? null : goal.is === 'at least' ? value >= goal.value : value <= goal.value;
  return {
    raw: null,
    spread: null,
    others: {},
    samples: {},
    ...row,
    ratio,
    goal: goal?.value ?? null,
    goalOf: goal === undefined ? null : `${goal.of} ${goal.is}`,
    then: goal?.then ?? null,
    ok,
  };
}
