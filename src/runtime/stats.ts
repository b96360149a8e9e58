import type { ChannelStats } from './channel-stats.ts';

/**
 * A snapshot of a socket or session. Counts are totals since it was made; bytes, milliseconds. In the plain mode a packet
 * is a message, what is in flight is in doubt, and round trip and rate are unknown.
 */
export interface Stats {
  /** Bytes of packets sent, headers and resends included. */
  readonly sentBytes: number;
  readonly sentPackets: number;
  /** Bytes of the stream sent more than once. */
  readonly resentBytes: number;
  /** Bytes of the peer's stream taken. */
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  /** Connections that reached a session. */
  readonly connections: number;
  /** Payload not acknowledged yet, waiting messages included. */
  readonly bufferedBytes: number;
  /** Sent on this connection and not acknowledged. */
  readonly inFlightBytes: number;
  /** How much may be in flight now. */
  readonly windowBytes: number;
  /** Smoothed round trip in ms, 0 while unknown. */
  readonly rttMs: number;
  /** Best delivery rate of the last seconds, in bytes per second; 0 while unknown. */
  readonly bytesPerSecond: number;
  /** Largest packet that may be sent now. */
  readonly limitBytes: number;
  /** Largest packet known (or assumed) to pass. */
  readonly limitFloorBytes: number;
  /** Smallest packet known or suspected not to pass; `Infinity` for none. */
  readonly limitCeilingBytes: number;
  /** Channels with messages that are not wholly sent yet. */
  readonly channels: readonly ChannelStats[];
}
