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
/** Bytes by which `poolBytes` is at least above the largest message taken whole, for what it costs beside its payload. */
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
  maxMessageBytes: Number.MAX_SAFE_INTEGER,
  initialChannelCredit: MIN_CHANNEL_CREDIT,
  poolBytes: 80 << 20,
  maxOpenChannels: 64,
};

export * as linkDefaults from './link-defaults.ts';
