import { MAX_CLOSE_REASON_BYTES, MAX_REASON_BYTES } from './limits.ts';

// A module each, not an object: so a bundle holds the numbers that it uses, and no names.
export * as CancelCode from './cancel-code.ts';
export * as DataFlag from './data-flag.ts';
export * as FrameType from './frame-type.ts';
export * as RejectCode from './reject-code.ts';

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
  | { type: 'limit'; floor: number; ceiling: number }
  | { type: 'blocked'; channel: number; limit: number };

/**
 * Each control frame at the index of its type byte: its name, and its members in the order of the wire. They are
 * varints, but for `reason`, which is UTF-8 to the end of the body.
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
  ['blocked', 'channel', 'limit'],
];

/** Bytes that the reason of a control frame may take. */
export function maxReasonBytes(type: string): number {
  return type === 'close' ? MAX_CLOSE_REASON_BYTES : MAX_REASON_BYTES;
}
