import type { PingFigures } from './ping-series.ts';

/** What the page tells the demo's server, in the order in which it happened. */
export type PageReport =
  /** Measured on the same connection before anything else was sent. */
  | { readonly kind: 'idle'; readonly pings: PingFigures }
  | { readonly kind: 'started'; readonly name: string; readonly totalBytes: number }
  | {
      readonly kind: 'progress';
      readonly ackedBytes: number;
      readonly totalBytes: number;
      readonly bytesPerSecond: number;
    }
  | { readonly kind: 'limit'; readonly fromBytes: number; readonly toBytes: number; readonly cause: string }
  | {
      readonly kind: 'retry';
      readonly delayMs: number;
      readonly code: number;
      readonly reason: string;
      /** False for a handshake that was refused. */
      readonly wasOpen: boolean;
    }
  | { readonly kind: 'resume'; readonly resentBytes: number; readonly connections: number }
  | { readonly kind: 'lost' }
  | {
      readonly kind: 'delivered';
      readonly name: string;
      readonly seconds: number;
      /** Since the page was loaded. */
      readonly connections: number;
      /** Since the page was loaded. */
      readonly resentBytes: number;
      /** Of all that were sent beside a file since the page was loaded. */
      readonly pings: PingFigures;
    }
  /** The server's answer has come. */
  | { readonly kind: 'answered'; readonly sha256: string }
  | { readonly kind: 'failed'; readonly message: string };
