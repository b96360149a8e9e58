/** Round trips of small messages, in ms, in the order of the answers. */
export interface RoundTrips {
  /** From the page to the server and back, with the default priority. */
  readonly page: readonly number[];
  /** From the server to the page and back, with priority `high`. */
  readonly server: readonly number[];
}

/** What came of a {@link TransferJob}. */
export interface TransferOutcome {
  /** From `send`, or the request for it, to the last byte. */
  readonly seconds: number;
  /** JavaScript heap before; after a garbage collection. */
  readonly heapStartBytes: number;
  readonly heapMaxBytes: number;
  /** Half way; after a garbage collection. */
  readonly heapLiveBytes: number;
  readonly stats: object;
}

/** What came of a {@link LatencyJob}. */
export interface LatencyOutcome {
  readonly idle: RoundTrips;
  readonly loaded: RoundTrips;
  /** Of each upload without small messages beside it. */
  readonly aloneSeconds: readonly number[];
  readonly loadedSeconds: readonly number[];
  readonly stats: object;
}

/** What came of a {@link ShapedJob}. */
export interface ShapedOutcome {
  readonly idle: RoundTrips;
  readonly loaded: RoundTrips;
  /** Payload acknowledged in `seconds`. */
  readonly ackedBytes: number;
  readonly seconds: number;
  /** Connections that were lost. */
  readonly retries: number;
  readonly stats: object;
}

export type Outcome = TransferOutcome | LatencyOutcome | ShapedOutcome;
