import { MAX_OPEN_CHANNELS, MIN_CHANNEL_CREDIT, MIN_PACKET_BYTES, MIN_POOL_MARGIN_BYTES } from './limits.ts';

/** What a side takes as a receiver, stated in HELLO or WELCOME. All but `maxPacketBytes` hold for the session's life. */
export interface Terms {
  /** Bytes of the largest packet it takes on this connection; at least 512. */
  maxPacketBytes: number;
  /** Bytes of payload of the largest message it takes, be it as it comes. */
  maxMessageBytes: number;
  /** Bytes of cost that every channel number may use before a CREDIT; at least 16384. */
  initialChannelCredit: number;
  /** Bytes it has for messages beyond the initial credit of the channels; at least 8192. */
  poolBytes: number;
  /** Count of channel numbers that may be open at a time, channel 0 included; 1 to 65536. */
  maxOpenChannels: number;
}

/** What is known of the largest packet of one direction, in bytes; 0 where nothing is known. */
export interface SizeHint {
  /** The largest size that is known to pass. */
  floor: number;
  /** The smallest size that is known not to pass. */
  ceiling: number;
}

/** Says that a packet of the peer was refused by this side itself, and what this side takes. */
export interface Refused {
  /** Bytes of the largest packet that this side takes. */
  maxPacketBytes: number;
}

/** The members of `T` as they come from JSON: each of them absent or anything. */
export type Unchecked<T extends object> = Readonly<Partial<Record<keyof T, unknown>>>;

/** `value` as something whose members can be asked for; what is no object has none. */
export function unchecked<T extends object>(value: unknown): Unchecked<T> {
  return (value ?? {}) as Unchecked<T>;
}

/** Whether `value` is an integer from `min` to `max`. */
export function isCount(value: unknown, min = 0, max: number = Infinity): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** Whether `value` can be a session id: 21 to 64 of `A-Z a-z 0-9 _ -`. */
export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{21,64}$/.test(value);
}

/** Whether `code` is one that CLOSE and WELCOME may carry: 1000 to 4999. */
export function isCloseCode(code: unknown): code is number {
  return isCount(code, 1000, 4999);
}

/** Whether every member of {@link Terms} is there and in its range. */
export function isTerms(value: Unchecked<Terms>): boolean {
  return (
    isCount(value.maxPacketBytes, MIN_PACKET_BYTES) &&
    isCount(value.maxMessageBytes) &&
    isCount(value.initialChannelCredit, MIN_CHANNEL_CREDIT) &&
    isCount(value.poolBytes, MIN_POOL_MARGIN_BYTES) &&
    isCount(value.maxOpenChannels, 1, MAX_OPEN_CHANNELS)
  );
}

/** Whether `value` is absent or a {@link SizeHint}. */
export function isOptionalHint(value: unknown): boolean {
  const { floor, ceiling } = unchecked<SizeHint>(value);
  return value === undefined || (isCount(floor) && isCount(ceiling));
}

/** Whether `value` is absent or a {@link Refused}. */
export function isOptionalRefused(value: unknown): boolean {
  return value === undefined || isCount(unchecked<Refused>(value).maxPacketBytes, MIN_PACKET_BYTES);
}
