// Numbers of the link that PROTOCOL.md recommends; a peer may choose others. Bytes and milliseconds.

/** First packet size to a path of which nothing is known: under every default measured but Tomcat's. */
export const startPacketBytes = 16_384;
/** Longest wait of an acknowledgement for a packet to ride on. */
export const ackDelayMs = 20;
/** Window of a new connection. */
export const startWindowBytes = 65536;
/** Queue that the sender lets stand where several channels have something to send, in ms of the path's rate. */
export const queueTargetMs = 5;
/** Largest window. */
export const maxWindowBytes = 4_194_304;
/** Silence after which the initiator probes. */
export const initiatorHeartbeatMs = 20_000;
/** Silence after which the acceptor probes: later, so that one side does the work. */
export const acceptorHeartbeatMs = 30_000;
/** Longest wait for the answer of a probe. */
export const probeTimeoutMs = 10_000;
/** Shortest time without progress that counts as a stall. */
export const minStallMs = 10_000;
/** How long the acceptor keeps a session, or its tombstone, without a connection. */
export const resumeMs = 120_000;
/** How long a closing session may take to finish what is under way. */
export const drainMs = 30_000;
/** Longest wait for HELLO, and for WELCOME. */
export const handshakeTimeoutMs = 10_000;
