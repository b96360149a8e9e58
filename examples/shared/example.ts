/** An example that runs. */
export interface Example {
  /** Of its page and its sockets. */
  readonly port: number;
  close(): Promise<void>;
}
