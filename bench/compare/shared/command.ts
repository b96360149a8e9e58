/** What the page asks of the server, as JSON in a message of its own. */
export type Command =
  /** Takes so many messages, and says {@link Taken} when it has them. */
  | { readonly kind: 'take'; readonly count: number }
  /** Sends so many binary messages of such a length. */
  | { readonly kind: 'give'; readonly count: number; readonly bytes: number }
  /** As one message that is read as it comes, where there is such a thing. */
  | { readonly kind: 'stream'; readonly bytes: number }
  /** Sends so many messages back as they are. */
  | { readonly kind: 'echo'; readonly count: number }
  /** From here on: sends small messages back, and says {@link Taken} for each big one. */
  | { readonly kind: 'beside' };

/** Longest message that is sent back by a command `beside`, in bytes. */
export const SMALL_BYTES = 1000;

/** Our channel for the big messages of a command `beside`: they are taken as they come. */
export const BULK_CHANNEL = 'bulk';

/** The server has all messages of a {@link Command} `take`: their length in bytes, or in UTF-16 code units. */
export interface Taken {
  readonly length: number;
}
