import type { Terms } from './terms.ts';

// Fixed by the protocol (PROTOCOL.md, "Limits and numbers"); a peer may rely on each of them.

/** Bytes. The smallest packet that every path must carry, and so the least that `maxPacketBytes` may say. */
export const MIN_PACKET_BYTES = 512;
/** Bytes of a whole HELLO or WELCOME packet: small enough for the smallest limit seen in the field (8 KiB), twice over. */
export const MAX_HELLO_BYTES = 4096;
/** Bytes of `auth` as JSON: leaves a quarter of HELLO for everything else. */
export const MAX_AUTH_BYTES = 3072;
/** Bytes of the stream behind the HELLO of a session's first connection. */
export const MAX_EARLY_BYTES = 16384;
/** Bytes of a packet of early data, also where a larger size is remembered. */
export const MAX_EARLY_PACKET_BYTES = 8192;
/** Bytes of a packet that is taken to pass where nothing is known of the path. */
export const SAFE_PACKET_BYTES = 4096;
/** Bytes. The least `initialChannelCredit`: early data must fit it. */
export const MIN_CHANNEL_CREDIT = 16384;
/** Bytes by which `poolBytes` is at least above `maxMessageBytes`, for what a message costs beside its payload. */
export const MIN_POOL_MARGIN_BYTES = 8192;
/** Count. The most that `maxOpenChannels` may say. */
export const MAX_OPEN_CHANNELS = 65536;
/** Count of application subprotocols in HELLO. */
export const MAX_PROTOCOLS = 16;
/** Bytes of the body of a control frame. */
export const MAX_CONTROL_BYTES = 4096;
/** Bytes of the reason of CANCEL and REJECT. */
export const MAX_REASON_BYTES = 1024;
/** Bytes of the reason of CLOSE: what a WebSocket close carries (RFC 6455 section 5.5). */
export const MAX_CLOSE_REASON_BYTES = 123;
/** Bytes of a message's fields: name and meta, and a quarter of a kilobyte for keys, lengths and origin. */
export const MAX_FIELDS_BYTES = 2304;
/** Bytes of name and meta together. */
export const MAX_NAME_AND_META_BYTES = 2048;
/** Bytes that a message costs beside its fields and its payload, so that empty ones count. */
export const MESSAGE_COST_BYTES = 64;

/** What a side states in HELLO or WELCOME unless it is configured otherwise. */
export const DEFAULT_TERMS: Terms = {
  maxPacketBytes: 1 << 20,
  maxMessageBytes: 64 << 20,
  initialChannelCredit: MIN_CHANNEL_CREDIT,
  poolBytes: 80 << 20,
  maxOpenChannels: 64,
};

/** Numbers of the link that PROTOCOL.md recommends; a peer may choose others. Bytes and milliseconds. */
export const linkDefaults = {
  /** First packet size to a path of which nothing is known: under every default measured but Tomcat's. */
  startPacketBytes: 16_384,
  /** Longest wait of an acknowledgement for a packet to ride on. */
  ackDelayMs: 20,
  /** Window of a new connection. */
  startWindowBytes: 65536,
  /** Largest window. */
  maxWindowBytes: 4_194_304,
  /** Silence after which the initiator probes. */
  initiatorHeartbeatMs: 20_000,
  /** Silence after which the acceptor probes: later, so that one side does the work. */
  acceptorHeartbeatMs: 30_000,
  /** Longest wait for the answer of a probe. */
  probeTimeoutMs: 10_000,
  /** Shortest time without progress that counts as a stall. */
  minStallMs: 10_000,
  /** How long the acceptor keeps a session, or its tombstone, without a connection. */
  resumeMs: 120_000,
  /** How long a closing session may take to finish what is under way. */
  drainMs: 30_000,
  /** Longest wait for HELLO, and for WELCOME. */
  handshakeTimeoutMs: 10_000,
} as const;
