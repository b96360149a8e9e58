/** One connection, whichever way it is made. */
export interface Peer {
  /** Whether it can send one message as it comes into being. */
  readonly sendStream?: (chunks: AsyncIterable<Uint8Array>) => void;
  /** Whether it can take big messages as they come: from now on it does, and tells the length of each. */
  readonly takeBulk?: (taken: (length: number) => void) => void;
  send(data: Uint8Array | string): void;
  /** Set by {@link serve}; called with each message. */
  onMessage: (data: Uint8Array | string) => void;
}
