/** What the inspector's buttons ask the demo for, by name: `POST faults/<name>`. */
export const FAULTS = [
  'limit-4k',
  'limit-32k',
  'limit-1m',
  'cut',
  'rst',
  '1009',
  '1014',
  '502',
  'upstream',
  'slow',
  'offline',
] as const;

export type FaultName = (typeof FAULTS)[number];

/** What the path is like now, as `GET faults` and every `POST` answers. */
export interface PathState {
  /** Largest message that the path lets through to the server. */
  readonly limitBytes: number;
  readonly isUpstreamDown: boolean;
  readonly isSlow: boolean;
  readonly isOffline: boolean;
}
