/** What the page is asked to do. */
export type Job = TransferJob | LatencyJob | ShapedJob;

/** One big message, to the server or from it. */
export interface TransferJob {
  readonly kind: 'upload' | 'download';
  readonly socketUrl: string;
  readonly bytes: number;
}

/** Uploads, alone and with small messages beside them, in turns. */
export interface LatencyJob {
  readonly kind: 'latency';
  readonly socketUrl: string;
  /** Length of each upload. */
  readonly bytes: number;
  /** How often both kinds of upload are made. */
  readonly rounds: number;
  /** Small messages to send before there is any load. */
  readonly idlePings: number;
}

/** An upload over a slow path, with small messages beside it. */
export interface ShapedJob {
  readonly kind: 'shaped';
  readonly socketUrl: string;
  /** More than the path carries in the time. */
  readonly bytes: number;
  readonly idlePings: number;
  /** Time before anything counts. */
  readonly rampMs: number;
  readonly steadyMs: number;
}
