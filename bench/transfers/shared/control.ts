/** The channels between page and server. */
export const Channel = {
  /** {@link ControlMessage}s as JSON. */
  control: 'control',
  uploads: 'uploads',
  downloads: 'downloads',
  /** Small messages of the page, which the server sends back. */
  pagePings: 'page-pings',
  /** Small messages of the server, which the page sends back. */
  serverPings: 'server-pings',
} as const;

/** What the page asks of the server, and its answers. */
export type ControlMessage =
  | { readonly kind: 'download'; readonly bytes: number }
  /** The server has read the upload to its end. */
  | { readonly kind: 'stored'; readonly bytes: number }
  | { readonly kind: 'start-pings' }
  | { readonly kind: 'stop-pings' }
  | { readonly kind: 'pings'; readonly roundTripsMs: readonly number[] };

/** What becomes of an upload: in the `meta` of the message. */
export interface UploadMeta {
  readonly keep: 'file' | 'nothing';
}
