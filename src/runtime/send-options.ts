import { OptionError } from '../errors/session-errors.ts';
import { MAX_NAME_AND_META_BYTES } from '../protocol/limits.ts';
import { isCount } from '../protocol/terms.ts';
import { decodeText, encodeText } from '../protocol/text.ts';
import type { OutgoingInit, Priority } from '../session/mux/outgoing-message.ts';
import type { Clock } from './clock.ts';
import type { AbortSignalLike } from './transfer.ts';

/** How one message is sent. */
export interface SendOptions {
  /** Messages of one channel arrive in the order sent; channels do not wait for each other. Default `''`. */
  readonly channel?: string | undefined;
  /** Beside messages of other channels; the words are those of `fetch`. Default `'auto'`. */
  readonly priority?: Priority | undefined;
  /** Any JSON value that tells the peer about the message; with the channel's name at most 2 KiB. */
  readonly meta?: unknown;
  /** Aborts the transfer. */
  readonly signal?: AbortSignalLike | undefined;
  /** A message that is not begun after so many ms fails with `ExpiredError`. Default: it waits. */
  readonly ttlMs?: number | undefined;
  /**
   * Take the buffer over, and detach it, instead of copying it; also when the transfer fails at once. Of a view the whole
   * buffer. For buffers and views only. Default false.
   */
  readonly transfer?: boolean | undefined;
}

const PRIORITIES: readonly string[] = ['high', 'auto', 'low'];

/**
 * What the options say of a message.
 *
 * @throws OptionError for `channel`, `priority`, `meta` and `ttlMs`
 */
export function readSendOptions(options: SendOptions, clock: Clock): Omit<OutgoingInit, 'source'> {
  const { channel: name = '', priority = 'auto', meta, ttlMs } = options;
  if (typeof name !== 'string') throw new OptionError('channel', name, 'a string');
  if (!PRIORITIES.includes(priority)) throw new OptionError('priority', priority, PRIORITIES.join(' or '));
  if (ttlMs !== undefined && !isCount(ttlMs)) throw new OptionError('ttlMs', ttlMs, 'an integer, at least 0');
  const expiresAtMs = ttlMs === undefined ? undefined : clock.now() + ttlMs;
  // As most messages are sent.
  if (name === '' && meta === undefined) return { channel: name, priority, meta, expiresAtMs };
  // As it arrives: two names that differ only in lone surrogates are one.
  const channel = decodeText(encodeText(name)) ?? '';
  const json = JSON.stringify(meta) as string | undefined;
  const describingBytes = encodeText(channel + (json ?? '')).length;
  if (describingBytes > MAX_NAME_AND_META_BYTES || (json === undefined && meta !== undefined)) {
    const range = `JSON of at most ${MAX_NAME_AND_META_BYTES} with the channel`;
    throw new OptionError('meta', `${describingBytes} bytes`, range);
  }
  // A copy, as of the data: the caller may change its own at once.
  const copy: unknown = json && JSON.parse(json);
  return { channel, priority, meta: copy, expiresAtMs };
}
