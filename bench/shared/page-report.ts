import type { PageTrace } from './page-trace.ts';

/** What a page tells, in the order in which it happens. */
export type PageReport<Outcome = unknown> =
  /** Everything is prepared; it goes on when this is answered. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly doneBytes: number; readonly totalBytes: number }
  /** Something that the one who runs it is to do; it goes on when this is answered. */
  | { readonly kind: 'asks'; readonly what: string }
  /** A CPU profile of the page, where one was asked for. */
  | { readonly kind: 'profiled'; readonly trace: PageTrace }
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly message: string };
