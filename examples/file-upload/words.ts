/** Each file has a channel of its own: this, and the id that the page gave it. */
export const UPLOAD_CHANNEL = 'upload/';

/** Where both sides talk about the files, in JSON. */
export const CONTROL_CHANNEL = 'control';

/** What is told with a file, as `meta`. */
export interface FileMeta {
  readonly name: string;
  readonly type: string;
}

/** What the page asks for. */
export interface Command {
  readonly kind: 'pause' | 'resume';
  readonly id: string;
}

/** What became of a file on the server. */
export type Answer =
  | { readonly kind: 'saved'; readonly id: string; readonly name: string; readonly sha256: string }
  | { readonly kind: 'failed'; readonly id: string; readonly message: string };
