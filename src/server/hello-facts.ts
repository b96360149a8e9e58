import type { Hello } from '../protocol/hello.ts';
import { MIN_PACKET_BYTES, SAFE_PACKET_BYTES } from '../protocol/limits.ts';
import type { SizeHint } from '../protocol/terms.ts';
import type { PathLimit } from '../session/link/limit-learner.ts';
import type { PeerHandshake } from '../session/session.ts';

/** What the engine is told of HELLO, and may keep: neither `secret` nor `auth`, nor anything unknown. */
export function handshakeOf(hello: Hello): PeerHandshake {
  const { maxPacketBytes, maxMessageBytes, initialChannelCredit, poolBytes, maxOpenChannels } = hello;
  const { received, streamEnd, refused } = hello;
  return {
    maxPacketBytes,
    maxMessageBytes,
    initialChannelCredit,
    poolBytes,
    maxOpenChannels,
    received,
    streamEnd,
    refused,
  };
}

/** What the client remembers of our direction is a hint: it may be of another path. */
export function rememberedPath(hint: SizeHint | undefined): PathLimit | undefined {
  if (hint === undefined || (hint.floor === 0 && hint.ceiling === 0)) return undefined;
  const { floor, ceiling } = hint;
  const safe = ceiling === 0 ? SAFE_PACKET_BYTES : Math.min(SAFE_PACKET_BYTES, ceiling / 2);
  return { floor: Math.max(MIN_PACKET_BYTES, floor || safe), ceiling, provisional: true };
}
