/** Type byte of a frame; DATA has its flags ({@link DataFlag}) in the lower six bits. */
export const FrameType = {
  credit: 1,
  cancel: 2,
  reject: 3,
  retire: 4,
  retired: 5,
  close: 6,
  goaway: 7,
  limit: 8,
  data: 64,
} as const;

/** Flags in the type byte of DATA. TEXT, TOTAL and FIELDS come only with FIRST, TOTAL never with FIRST and FIN. */
export const DataFlag = { first: 1, fin: 2, text: 4, total: 8, fields: 16 } as const;

/** `code` of CANCEL. */
export const CancelCode = { aborted: 0, sourceFailed: 1, expired: 2, closing: 3 } as const;

/** `code` of REJECT. With `tooBig`, `value` is the limit in bytes. */
export const RejectCode = { refused: 0, tooBig: 1 } as const;

/** Keys of a message's fields. */
export const FieldKey = { name: 1, meta: 2, origin: 3 } as const;

/** The identity of a message's first sending, when it is sent again in a new session. */
export interface MessageOrigin {
  /** Whether a part or the whole of it was sent then. */
  mark: 'partial' | 'whole';
  /** Its channel number then. */
  channel: number;
  /** Its index within that channel number, from 0. */
  ordinal: number;
  /** The id of that session. */
  session: string;
}

/** What the first DATA frame of a message can carry beside payload. */
export interface MessageFields {
  /** Name of the channel that the message opens. */
  name?: string | undefined;
  /** The application's own description: any JSON value. */
  meta?: unknown;
  /** Set on a message that is sent again after a lost session. */
  origin?: MessageOrigin | undefined;
}

/** A DATA frame without its payload. */
export interface DataHead {
  /** Channel number, of the sender's numbering. */
  channel: number;
  /** Whether the message begins here. */
  first: boolean;
  /** Whether the message ends here. */
  fin: boolean;
  /** Whether the message is text; known with `first` only. */
  text: boolean;
  /** Bytes of the whole message's payload, where the sender knows and says so. */
  total: number | undefined;
  /** Fields of the message, where there are any. */
  fields: MessageFields | undefined;
  /** Bytes of the fields as sent, for the message's cost. */
  fieldsBytes: number;
  /** Bytes of payload in this frame. */
  payloadBytes: number;
}

/** A frame other than DATA. Limits and credit are in bytes. */
export type ControlFrame =
  | { type: 'credit'; channel: number; limit: number }
  | { type: 'cancel'; channel: number; ordinal: number; code: number; reason: string }
  | { type: 'reject'; channel: number; ordinal: number; code: number; value: number; reason: string }
  | { type: 'retire'; channel: number }
  | { type: 'retired'; channel: number }
  | { type: 'close'; code: number; drainMs: number; reason: string }
  | { type: 'goaway'; deadlineMs: number }
  | { type: 'limit'; floor: number; ceiling: number };

/**
 * The members of each control frame in the order of the wire, at the index of its type byte: varints, and `reason` as
 * UTF-8 to the end of the body.
 */
export const CONTROL_LAYOUTS: readonly (readonly string[] | undefined)[] = [
  undefined,
  ['credit', 'channel', 'limit'],
  ['cancel', 'channel', 'ordinal', 'code', 'reason'],
  ['reject', 'channel', 'ordinal', 'code', 'value', 'reason'],
  ['retire', 'channel'],
  ['retired', 'channel'],
  ['close', 'code', 'drainMs', 'reason'],
  ['goaway', 'deadlineMs'],
  ['limit', 'floor', 'ceiling'],
];
