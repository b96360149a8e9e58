/** The one thing that the page asks its worker for. */
export const LOAD = 'load';

/** What the worker tells the page. */
export type WorkerNews =
  | { readonly kind: 'status'; readonly status: string }
  | { readonly kind: 'progress'; readonly receivedBytes: number; readonly totalBytes: number | undefined }
  /** The buffer of the numbers changes hands: nothing is copied. */
  | { readonly kind: 'loaded'; readonly celsius: Float32Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly message: string };
