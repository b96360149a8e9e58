import type { OutgoingMessage } from '../session/mux/outgoing-message.ts';

/** What waits on one channel. */
export interface ChannelStats {
  readonly name: string;
  /** Messages that are not wholly sent yet, the one under way included. */
  readonly messages: number;
  /** Payload of theirs that was not sent yet, in bytes; of streams, what was read so far. */
  readonly bytes: number;
  /** The peer takes no more for now, since its application reads slowly. */
  readonly isHeldUp: boolean;
}

/**
 * What waits on each channel, of messages that are not settled.
 *
 * @param held - those that wait for the next session
 */
export function channelStats(
  messages: Iterable<OutgoingMessage>,
  held: ReadonlySet<OutgoingMessage> | undefined,
): ChannelStats[] {
  const byName = new Map<string, ChannelStats>();
  for (const message of messages) {
    const { init, state, writtenBytes, lane } = message;
    if (state !== 'queued' && state !== 'started' && held?.has(message) !== true) continue;
    const { channel: name, source } = init;
    const { totalBytes, readyBytes } = source;
    const known = byName.get(name);
    byName.set(name, {
      name,
      messages: (known?.messages ?? 0) + 1,
      bytes: (known?.bytes ?? 0) + (totalBytes === undefined ? readyBytes : totalBytes - writtenBytes),
      isHeldUp: lane?.isHeldUp === true,
    });
  }
  return [...byName.values()];
}
