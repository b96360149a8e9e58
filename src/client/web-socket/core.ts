/** How it ended, as a CloseEvent has it. */
export interface CoreClose {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** What a core tells: each in a task of its own, `closed` once and last. */
export interface CoreEvents {
  opened(): void;
  message(data: string | ArrayBuffer | Blob, origin: string): void;
  failed(): void;
  closed(close: CoreClose): void;
}

/** What makes a WebSocket of the standard's interface work: a session, or the browser's own. */
export interface WebSocketCore {
  readonly url: string;
  readonly protocol: string;
  readonly extensions: string;
  readonly readyState: WebSocket['readyState'];
  readonly bufferedAmount: number;
  binaryType: BinaryType;
  /** With the arguments as they are: the platform's own core leaves their conversion to the platform. */
  send(args: readonly unknown[]): void;
  close(args: readonly unknown[]): void;
}
