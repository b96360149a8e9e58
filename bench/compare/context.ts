import type { EngineName } from '../../test/support/unattended-browser.ts';
import type { Bundles } from '../support/bundle.ts';
import type { Output } from '../support/output.ts';

/** What a row needs. */
export interface BenchContext {
  readonly output: Output;
  readonly engine: EngineName;
  /** Path of the browser. */
  readonly executable: string;
  readonly bundles: Bundles;
  /** For all files there are; goes away at the end. */
  readonly folder: string;
  /** Less of everything: to see that it works. */
  readonly isQuick: boolean;
  /** Rounds that count. */
  readonly rounds: number;
  /** Folder for CPU profiles. */
  readonly profileFolder: string | undefined;
  readonly signal: AbortSignal;
}
