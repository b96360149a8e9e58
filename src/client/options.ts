import { OptionError } from '../errors/session-errors.ts';
import {
  DEFAULT_TERMS,
  MAX_OPEN_CHANNELS,
  MAX_PROTOCOLS,
  MIN_CHANNEL_CREDIT,
  MIN_PACKET_BYTES,
  MIN_POOL_MARGIN_BYTES,
} from '../protocol/limits.ts';
import * as linkDefaults from '../protocol/link-defaults.ts';
import type { Terms } from '../protocol/terms.ts';
import type { Clock } from '../runtime/clock.ts';
import type { BinaryType } from '../runtime/events.ts';
import { DEFAULT_WHOLE_BYTES } from '../runtime/port-owner.ts';
import type { PortOwner, SessionLossPolicy } from '../runtime/port-owner.ts';
import type { TransportClose } from '../runtime/transport.ts';
import type { WebSocketConstructor } from './browser-transport.ts';
import type { DebugEntry } from './events.ts';
import { platformClock } from './platform-clock.ts';

/** What a `url` or `auth` function is told of the connection it is asked for. */
export interface ConnectionContext {
  /** Tries since the last connection that held, from 0. */
  readonly attempt: number;
  /** The server's word for where the session lives, for sticky routing; undefined until it gave one. */
  readonly route: string | undefined;
  /** The server refused the last `auth`. */
  readonly wasRefused: boolean;
}

/** A value, or a function asked again for each connection. */
export type PerConnection<T> = T | ((context: ConnectionContext) => T | PromiseLike<T>);

/** Options of a `ChunkSocket`; every one has a default. */
export interface ChunkSocketOptions<Type extends BinaryType = BinaryType> {
  /** Application subprotocols, most wanted first, at most 16. @defaultValue `[]` */
  readonly protocols?: string | readonly string[] | undefined;
  /** Any JSON value for the server's `authorize`, at most 3 KiB; travels in the handshake, not in the URL. @defaultValue none */
  readonly auth?: PerConnection<object | string | number | boolean | null | undefined>;
  /**
   * Form of binary messages. As `'blob'` they are put together outside of the JavaScript heap.
   * @defaultValue `'arraybuffer'`
   */
  readonly binaryType?: Type | undefined;
  /** Size of the packets to start with on a path of which nothing is known, in bytes. @defaultValue 16384 */
  readonly startPacketBytes?: number | undefined;
  /** Never send or take larger packets, in bytes. @defaultValue 1048576 */
  readonly maxPacketBytes?: number | undefined;
  /** Largest message to take in one piece, in bytes. @defaultValue 67108864 */
  readonly maxMessageBytes?: number | undefined;
  /** Largest message to take as a stream or Blob by `incoming`, in bytes. @defaultValue 9007199254740991 */
  readonly maxStreamBytes?: number | undefined;
  /** Credit that each channel has from the start, in bytes. @defaultValue 16384 */
  readonly initialChannelCredit?: number | undefined;
  /** Memory for incoming messages beyond that, in bytes; at least `maxMessageBytes` + 8192. @defaultValue maxMessageBytes + 16 MiB */
  readonly poolBytes?: number | undefined;
  /** Channels that the server may have open at a time. @defaultValue 64 */
  readonly maxOpenChannels?: number | undefined;
  /** Memory for outgoing messages, in bytes (many small ones count as 512 each, a Blob as no more); what does not fit fails at once. @defaultValue 67108864 */
  readonly maxBufferedBytes?: number | undefined;
  /** Upper bound of the first reconnect delay, in ms. @defaultValue 500 */
  readonly retryBaseMs?: number | undefined;
  /** Upper bound of every reconnect delay, in ms. @defaultValue 30000 */
  readonly retryMaxMs?: number | undefined;
  /** Tries in a row without success before giving up. @defaultValue Infinity */
  readonly maxRetries?: number | undefined;
  /** Decides for itself whether to reconnect after a close; undefined leaves it to the SDK. @defaultValue none */
  readonly shouldRetry?: ((close: TransportClose) => boolean | undefined) | undefined;
  /** Time for opening and handshake of one connection, in ms. @defaultValue 10000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Silence after which the server is asked for a sign of life, in ms; 0 for never. @defaultValue 20000 */
  readonly heartbeatMs?: number | undefined;
  /**
   * What to do, when the server has lost the session, with messages that it may or may not have: send them again
   * marked as possible duplicates, or reject them with `SessionLostError`. @defaultValue `'resend'`
   */
  readonly onSessionLost?: SessionLossPolicy | undefined;
  /** Where to remember the limits of a path, for a week. @defaultValue `'memory'` */
  readonly rememberLimits?: 'memory' | 'localStorage' | 'none' | undefined;
  /**
   * `'plain'` for a server that does not speak the protocol: a WebSocket that reconnects, without all that takes two. Each
   * message is one of WebSocket, so it has to fit the path, and a Blob or stream is gathered first, up to
   * `maxMessageBytes`. `channel` and `meta` of `send` fail with `PlainModeError`; `auth` is not asked for; `incoming` is
   * never emitted, and a larger message than `maxMessageBytes` is dropped with an `error` event.
   *
   * Nothing acknowledges a message: `delivered` is fulfilled when it has left the socket's buffer and the connection has
   * outlived that by 250 ms, or twice the time it took to open. What is in doubt when a connection is lost fails with
   * `SessionLostError`, whatever `onSessionLost` says; what was not begun waits for the next one. A message that the server
   * refuses with 1009 fails with `MessageTooBigError`, as do larger ones from then on, and no other is lost.
   * @defaultValue `'session'`
   */
  readonly mode?: 'session' | 'plain' | undefined;
  /**
   * What to do with a server that does not speak the protocol: `'none'` ends with `HandshakeError`; `'plain'` goes on in
   * the plain mode (see `mode`). Where the server refuses connections that offer the protocol, this takes the proof of a
   * plain connection that opens between two that are refused, and is then believed of the same origin and path for ten
   * minutes. Never once a server of this socket has spoken the protocol. @defaultValue `'none'`
   */
  readonly fallback?: 'none' | 'plain' | undefined;
  /**
   * Told of each try to connect, of status, limits, losses, resumes and the end, for a log; not of messages.
   * @defaultValue none
   */
  readonly debug?: ((entry: DebugEntry) => void) | undefined;
  /** The WebSocket class, where the platform has none (`ws` in Node 20). @defaultValue `globalThis.WebSocket` */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** Time and timers, for tests. @defaultValue the platform's */
  readonly clock?: Clock | undefined;
  /** From 0 to 1, for tests. @defaultValue `Math.random` */
  readonly random?: (() => number) | undefined;
}

type NumberOption = {
  [Name in keyof ChunkSocketOptions]-?: Exclude<ChunkSocketOptions[Name], undefined> extends number ? Name : never;
}[keyof ChunkSocketOptions];

type ChoiceOption = 'binaryType' | 'onSessionLost' | 'rememberLimits' | 'mode' | 'fallback';

/** Options with every default filled in, and checked. */
export type ResolvedOptions = Pick<ChunkSocketOptions, 'auth' | 'shouldRetry' | 'debug' | 'WebSocket'> & {
  readonly [Name in NumberOption | ChoiceOption | 'clock' | 'random']: Exclude<ChunkSocketOptions[Name], undefined>;
} & { readonly protocols: readonly string[]; readonly terms: Terms };

/** What a socket sets that is to live as a WebSocket does, and no application. */
export interface LifeOptions extends Pick<PortOwner, 'postTask' | 'failed'> {
  /** One session, which ends for good when a first connection fails, or when it cannot be resumed in time. */
  readonly livesOnce?: boolean | undefined;
}

/** What a connector is made with. */
export type ConnectorOptions = ResolvedOptions & LifeOptions;

const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX = Number.MAX_SAFE_INTEGER;

/** Default, least and largest value of each option that is a number. */
const numberOptions = (maxMessageBytes: number): Record<NumberOption, readonly [number, number, number]> => ({
  startPacketBytes: [linkDefaults.startPacketBytes, MIN_PACKET_BYTES, MAX],
  maxPacketBytes: [DEFAULT_TERMS.maxPacketBytes, MIN_PACKET_BYTES, MAX],
  maxMessageBytes: [maxMessageBytes, 0, 2 ** 52],
  maxStreamBytes: [DEFAULT_TERMS.maxMessageBytes, 0, MAX],
  initialChannelCredit: [MIN_CHANNEL_CREDIT, MIN_CHANNEL_CREDIT, MAX],
  poolBytes: [maxMessageBytes + (16 << 20), maxMessageBytes + MIN_POOL_MARGIN_BYTES, MAX],
  maxOpenChannels: [DEFAULT_TERMS.maxOpenChannels, 1, MAX_OPEN_CHANNELS],
  maxBufferedBytes: [64 << 20, 0, MAX],
  retryBaseMs: [500, 0, MAX_TIMER_MS],
  retryMaxMs: [30_000, 0, MAX_TIMER_MS],
  maxRetries: [Infinity, 0, Infinity],
  connectTimeoutMs: [linkDefaults.handshakeTimeoutMs, 1, MAX_TIMER_MS],
  heartbeatMs: [linkDefaults.initiatorHeartbeatMs, 0, MAX_TIMER_MS],
});

/** What each option that is a word may say; the first is the default. */
const choices: Record<ChoiceOption, readonly unknown[]> = {
  binaryType: ['arraybuffer', 'uint8array', 'blob'],
  onSessionLost: ['resend', 'reject'],
  rememberLimits: ['memory', 'localStorage', 'none'],
  mode: ['session', 'plain'],
  fallback: ['none', 'plain'],
};

/** @throws OptionError naming the option, its value and the range */
export function resolveOptions(options: ChunkSocketOptions): ResolvedOptions {
  const { clock = platformClock, random = Math.random, protocols = [] } = options;
  const resolved: Record<string, unknown> = { ...options, clock, random };
  const numbers = numberOptions(options.maxMessageBytes ?? DEFAULT_WHOLE_BYTES);
  for (const [name, [byDefault, min, max]] of Object.entries(numbers)) {
    const value = (resolved[name] ??= byDefault) as number;
    if (!(value >= min && value <= max && (Number.isSafeInteger(value) || value === Infinity))) {
      throw new OptionError(name, value, `an integer from ${min} to ${max}`);
    }
  }
  for (const [name, words] of Object.entries(choices)) {
    const { [name]: value = words[0] } = resolved;
    resolved[name] = value;
    if (!words.includes(value)) throw new OptionError(name, value, words.join(' or '));
  }
  for (const name of ['shouldRetry', 'debug', 'random', 'WebSocket']) {
    const value = resolved[name];
    if (value !== undefined && typeof value !== 'function') throw new OptionError(name, value, 'a function');
  }
  const names = [protocols].flat();
  if (names.length > MAX_PROTOCOLS || new Set(names).size < names.length) {
    throw new OptionError('protocols', names.join(), `at most ${MAX_PROTOCOLS} different names`);
  }
  resolved['protocols'] = names;
  // The terms of a session are the options of the same name.
  resolved['terms'] = {
    ...Object.fromEntries(Object.keys(DEFAULT_TERMS).map((name) => [name, resolved[name]])),
    maxMessageBytes: Math.max(resolved['maxMessageBytes'] as number, resolved['maxStreamBytes'] as number),
  };
  return resolved as ResolvedOptions;
}
