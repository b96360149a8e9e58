import type { IncomingMessage } from 'node:http';
import { OptionError } from '../errors/session-errors.ts';
import {
  DEFAULT_TERMS,
  linkDefaults,
  MAX_OPEN_CHANNELS,
  MIN_CHANNEL_CREDIT,
  MIN_PACKET_BYTES,
  MIN_POOL_MARGIN_BYTES,
} from '../protocol/limits.ts';
import type { BinaryType } from '../runtime/events.ts';
import { DEFAULT_WHOLE_BYTES } from '../runtime/port-owner.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Authorize } from './authorize.ts';
import { nodeModule } from './node-module.ts';

/** Chooses one of the application subprotocols that the client offers; undefined for none. */
export type SelectProtocol = (offered: readonly string[], request: IncomingMessage) => string | undefined;

/** Whose a connection is for the limits per address; undefined for nobody's: those limits do not hold then. */
export type AddressOf = (request: IncomingMessage) => string | undefined;

/** Options of a `ChunkServer`; every one has a default. */
export interface ChunkServerOptions<Type extends BinaryType = BinaryType> {
  /** Decides who may connect, and gives sessions their identity. @defaultValue everybody may, nobody has an identity */
  readonly authorize?: Authorize | undefined;
  /**
   * Application subprotocols that the server speaks (the client's order decides), or a function that chooses; each of
   * at most 256 characters. @defaultValue `[]`
   */
  readonly protocols?: readonly string[] | SelectProtocol | undefined;
  /**
   * Names this node to the client's `url` function, for sticky routing: at most 256 of `!` to `~`. Not secret.
   * @defaultValue none
   */
  readonly route?: string | undefined;
  /** Form of binary messages. @defaultValue `'uint8array'` */
  readonly binaryType?: Type | undefined;
  /**
   * Never send or take larger packets, in bytes. What is told to clients is the `maxPayload` of the `ws` server where
   * that is known and smaller. @defaultValue 1048576; what is taken: the `maxPayload` of an attached `ws` server
   */
  readonly maxPacketBytes?: number | undefined;
  /** Size of the packets to start with on a path of which nothing is known, in bytes. @defaultValue 16384 */
  readonly startPacketBytes?: number | undefined;
  /** Largest message to take in one piece, in bytes. @defaultValue 67108864 */
  readonly maxMessageBytes?: number | undefined;
  /** Largest message to take as a stream or Blob by `incoming`, in bytes. @defaultValue 9007199254740991 */
  readonly maxStreamBytes?: number | undefined;
  /** Credit that each channel of a session has from the start, in bytes. @defaultValue 16384 */
  readonly initialChannelCredit?: number | undefined;
  /**
   * Memory of one session for incoming messages beyond that, in bytes; at least `maxMessageBytes` + 8192.
   * @defaultValue maxMessageBytes + 16 MiB
   */
  readonly poolBytes?: number | undefined;
  /** Channels that the client may have open at a time. @defaultValue 64 */
  readonly maxOpenChannels?: number | undefined;
  /** Memory of one session for outgoing messages, in bytes; what does not fit fails at once. @defaultValue 16777216 */
  readonly maxBufferedBytes?: number | undefined;
  /** How long a session is kept without a connection, and then what is left of it, in ms. @defaultValue 120000 */
  readonly resumeMs?: number | undefined;
  /**
   * Time for HELLO, and then for `authorize`, in ms. A session of whose client nothing was heard behind HELLO is kept
   * no longer than that, either. @defaultValue 10000
   */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Silence after which a client is asked for a sign of life, in ms; 0 for never. @defaultValue 30000 */
  readonly heartbeatMs?: number | undefined;
  /** Sessions in all; further ones are refused with 1013. @defaultValue 65536 */
  readonly maxSessions?: number | undefined;
  /**
   * Sessions of one identity: for one more, its oldest without a connection is given up, else it is refused with 1013.
   * Does not hold for those without identity. @defaultValue 100
   */
  readonly maxSessionsPerIdentity?: number | undefined;
  /** Sessions made from one address ({@link addressOf}); further ones are refused with 1013. @defaultValue 65536 */
  readonly maxSessionsPerAddress?: number | undefined;
  /**
   * The address that connections are counted by. Behind a proxy it has to come from a header that the proxy sets, and
   * that no client can: all have the proxy's address otherwise.
   * @defaultValue the remote address; of IPv6 its first 64 bits
   */
  readonly addressOf?: AddressOf | undefined;
  /**
   * Connections that have not said who they are, or are being authorized. For one more the oldest is closed with 1013,
   * and has 5 s to answer that: whoever is quick is in before that. @defaultValue 10000
   */
  readonly maxArrivingConnections?: number | undefined;
  /**
   * Sessions without a connection. For one more, the oldest of the same identity is given up, else it is not kept; and
   * new sessions are refused with 1013 while it is reached. @defaultValue 10000
   */
  readonly maxWaitingSessions?: number | undefined;
  /** What sessions without a connection hold of outgoing messages in all, in bytes; as above. @defaultValue 268435456 */
  readonly maxWaitingBytes?: number | undefined;
  /** What is left of sessions that are over, in number; the oldest is forgotten first. @defaultValue 10000 */
  readonly maxTombstones?: number | undefined;
  /** New sessions per second, on average; further ones are refused with 1013. @defaultValue 1000 */
  readonly maxNewSessionsPerSecond?: number | undefined;
  /** The same for each identity. Does not hold for those without identity. @defaultValue 100 */
  readonly maxNewSessionsPerSecondPerIdentity?: number | undefined;
  /** The same for each address ({@link addressOf}). @defaultValue 1000 */
  readonly maxNewSessionsPerSecondPerAddress?: number | undefined;
  /**
   * What all sessions together hold of incoming messages that nobody has taken, in bytes. Beyond it the sessions that
   * hold most are given up, with 1013, until an eighth of it is free.
   * @defaultValue half of the memory that the process may have
   */
  readonly maxIncomingBytes?: number | undefined;
  /** Time and timers, for tests. @defaultValue the process's */
  readonly clock?: Clock | undefined;
}

/** The options that are numbers with a default of their own. */
export type NumberOption =
  | 'startPacketBytes'
  | 'maxMessageBytes'
  | 'maxStreamBytes'
  | 'initialChannelCredit'
  | 'maxOpenChannels'
  | 'maxBufferedBytes'
  | 'resumeMs'
  | 'handshakeTimeoutMs'
  | 'heartbeatMs'
  | 'maxSessions'
  | 'maxSessionsPerIdentity'
  | 'maxSessionsPerAddress'
  | 'maxArrivingConnections'
  | 'maxWaitingSessions'
  | 'maxWaitingBytes'
  | 'maxTombstones'
  | 'maxNewSessionsPerSecond'
  | 'maxNewSessionsPerSecondPerIdentity'
  | 'maxNewSessionsPerSecondPerAddress';

/** The defaults that numbers of the options have. */
export const serverDefaults: Readonly<Record<NumberOption, number>> = {
  startPacketBytes: linkDefaults.startPacketBytes,
  maxMessageBytes: DEFAULT_WHOLE_BYTES,
  maxStreamBytes: DEFAULT_TERMS.maxMessageBytes,
  initialChannelCredit: MIN_CHANNEL_CREDIT,
  maxOpenChannels: DEFAULT_TERMS.maxOpenChannels,
  maxBufferedBytes: 16 << 20,
  resumeMs: linkDefaults.resumeMs,
  handshakeTimeoutMs: linkDefaults.handshakeTimeoutMs,
  heartbeatMs: linkDefaults.acceptorHeartbeatMs,
  maxSessions: 65_536,
  maxSessionsPerIdentity: 100,
  maxSessionsPerAddress: 65_536,
  maxArrivingConnections: 10_000,
  maxWaitingSessions: 10_000,
  maxWaitingBytes: 256 << 20,
  maxTombstones: 10_000,
  maxNewSessionsPerSecond: 1000,
  maxNewSessionsPerSecondPerIdentity: 100,
  maxNewSessionsPerSecondPerAddress: 1000,
};

const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX = Number.MAX_SAFE_INTEGER;

const RANGES: Readonly<Record<NumberOption, readonly [number, number]>> = {
  startPacketBytes: [MIN_PACKET_BYTES, MAX],
  maxMessageBytes: [0, MAX],
  maxStreamBytes: [0, MAX],
  initialChannelCredit: [MIN_CHANNEL_CREDIT, MAX],
  maxOpenChannels: [1, MAX_OPEN_CHANNELS],
  maxBufferedBytes: [0, MAX],
  resumeMs: [0, MAX_TIMER_MS],
  handshakeTimeoutMs: [1, MAX_TIMER_MS],
  heartbeatMs: [0, MAX_TIMER_MS],
  maxSessions: [1, Infinity],
  maxSessionsPerIdentity: [1, Infinity],
  maxSessionsPerAddress: [1, Infinity],
  maxArrivingConnections: [1, Infinity],
  maxWaitingSessions: [0, Infinity],
  maxWaitingBytes: [0, Infinity],
  maxTombstones: [0, Infinity],
  maxNewSessionsPerSecond: [1, Infinity],
  maxNewSessionsPerSecondPerIdentity: [1, Infinity],
  maxNewSessionsPerSecondPerAddress: [1, Infinity],
};

/** Options with every number there and in its range. */
export type ResolvedOptions = Omit<ChunkServerOptions, NumberOption | 'poolBytes' | 'maxIncomingBytes' | 'binaryType'> &
  Readonly<Record<NumberOption, number>> & {
    readonly poolBytes: number;
    readonly maxIncomingBytes: number;
    readonly binaryType: BinaryType;
  };

/** @throws OptionError naming the option, its value and the range */
export function resolveOptions(options: ChunkServerOptions): ResolvedOptions {
  const numbers = {} as Record<NumberOption, number>;
  for (const [name, [min, max]] of Object.entries(RANGES) as [NumberOption, readonly [number, number]][]) {
    numbers[name] = checkNumber(name, options[name] ?? serverDefaults[name], min, max);
  }
  if (options.maxPacketBytes !== undefined) {
    checkNumber('maxPacketBytes', options.maxPacketBytes, MIN_PACKET_BYTES, MAX);
  }
  const { maxMessageBytes } = numbers;
  const minPool = maxMessageBytes + MIN_POOL_MARGIN_BYTES;
  const poolBytes = checkNumber('poolBytes', options.poolBytes ?? maxMessageBytes + (16 << 20), minPool, MAX);
  const incomingBytes = options.maxIncomingBytes ?? halfOfMemory();
  const maxIncomingBytes = checkNumber('maxIncomingBytes', incomingBytes, MIN_CHANNEL_CREDIT, Infinity);
  const { binaryType = 'uint8array', protocols = [], route = '' } = options;
  if (!['arraybuffer', 'uint8array', 'blob'].includes(binaryType)) {
    throw new OptionError('binaryType', binaryType, 'arraybuffer or uint8array or blob');
  }
  if (!/^[!-~]{0,256}$/.test(route)) throw new OptionError('route', route, 'at most 256 characters from ! to ~');
  if (typeof protocols !== 'function' && !protocols.every(isShort)) {
    throw new OptionError('protocols', protocols.join(), 'names of 1 to 256 characters');
  }
  return { ...options, ...numbers, poolBytes, maxIncomingBytes, binaryType };
}

/** Of the machine's, or of the container's where that is less; a page does not tell. */
function halfOfMemory(): number {
  const os = nodeModule('node:os');
  if (os === undefined) return Infinity;
  // 0 where nobody limits it.
  const limitBytes = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(limitBytes, os.totalmem()) / 2);
}

/** Longer names than this would not fit a WELCOME beside everything else. */
export function isShort(protocol: string): boolean {
  return protocol.length > 0 && protocol.length <= 256;
}

/** @throws OptionError */
export function checkNumber(name: string, value: number, min: number, max: number): number {
  const isInRange = value >= min && value <= max && (Number.isSafeInteger(value) || value === Infinity);
  if (!isInRange) throw new OptionError(name, value, `an integer from ${min} to ${max}`);
  return value;
}
