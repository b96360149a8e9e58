/** What the process of the server is asked to do. */
export type ServerCommand =
  /** Frees what is garbage, and tells what it holds. */
  | { readonly kind: 'measure' }
  /** Cuts the connections of the clients below `clients`, all at once, when their messages are half there. */
  | { readonly kind: 'cut'; readonly clients: number; readonly afterBytes: number }
  /** Tells what came of the messages. */
  | { readonly kind: 'count' };

/** What the process of the server tells. */
export interface ServerReply {
  readonly port?: number;
  readonly heldBytes?: number;
  readonly residentBytes?: number;
  readonly sessions?: number;
  readonly connections?: number;
  /** Connections that were cut, and bytes that had come of their messages by then. */
  readonly cut?: number;
  readonly receivedBytes?: number;
  readonly messages?: MessageCounts;
}

/** What a server has had of the messages that it was sent. */
export interface MessageCounts {
  /** Different ones that came as they were sent. */
  readonly intact: number;
  readonly repeated: number;
  readonly damaged: number;
  /** Sessions that went on over another connection. */
  readonly resumed: number;
}

/** What a process of clients is asked to do. */
export type ClientsCommand =
  | {
      readonly kind: 'open';
      readonly url: string;
      /** Number of the first client, and how far the next one's is from it. */
      readonly first: number;
      readonly step: number;
      readonly count: number;
      /** Plain WebSockets, for comparison. */
      readonly isBare: boolean;
    }
  /** Those below `clients` send one message each, of so many bytes. */
  | { readonly kind: 'transfer'; readonly clients: number; readonly bytes: number }
  /** Every client sends a small message, and gets it back. */
  | { readonly kind: 'echo' };

/** What a process of clients tells when it has done so. */
export interface ClientsReply {
  readonly open?: number;
  readonly delivered?: number;
  readonly failed?: number;
  readonly echoed?: number;
  /** Clients that were never without their connection. */
  readonly undisturbed?: number;
}
