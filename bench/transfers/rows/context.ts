import type { Bundles } from '../../support/bundle.ts';
import type { Output } from '../../support/output.ts';

/** What a row needs. */
export interface RowContext {
  readonly output: Output;
  /** Path of the browser. */
  readonly executable: string;
  readonly bundles: Bundles;
  /** For all files there are; goes away at the end. */
  readonly folder: string;
  /** Length of the big messages. */
  readonly bytes: number;
  /** Everything is as short as it can be. */
  readonly isQuick: boolean;
  readonly signal: AbortSignal;
}
