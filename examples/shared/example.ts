/** An example that runs. */
export interface Example {
  /** Of its page and its sockets. */
  readonly port: number;
  /** What a person at the terminal should know. */
  readonly note?: string;
  close(): Promise<void>;
}
