import type { ViolationName } from '../../protocol/violation.ts';

/** How much of the stream may be filled: all of it, only control frames, or only what may precede WELCOME. */
export type FillMode = 'all' | 'control' | 'early';

/** What the link carries: the layer above writes its stream on demand and reads the peer's as it comes. */
export interface LinkUser {
  /** Roughly how many stream bytes could be written now, at most `max`; 0 when there is nothing to send. */
  pendingBytes(mode: FillMode, max: number): number;
  /** Messages wait, but for credit. */
  readonly isBlocked: boolean;
  /** Several channels have something to send. */
  readonly isShared: boolean;
  /** Writes stream bytes into `target` from `at`, whose stream offset is `offset`; returns the index behind them. */
  fill(mode: FillMode, target: Uint8Array, at: number, offset: number): number;
  /** Reads the next bytes of the peer's stream. */
  take(slice: Uint8Array): ViolationName | undefined;
  /** The peer holds our stream up to `offset`, and we have read all that it wrote before it said so. */
  settle(offset: number): void;
}
