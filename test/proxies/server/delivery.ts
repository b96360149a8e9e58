import type { ChunkServer } from '../../../src/server.ts';
import { patternBytes } from '../../support/pattern-bytes.ts';

/** What a message says of itself: its bytes are the pattern of the seed. */
export interface Label {
  readonly id: string;
  readonly seed: number;
  /** The server is to send a message with so many bytes back. */
  readonly replyBytes?: number;
}

/** A message that arrived. */
export interface Delivery {
  readonly id: string;
  readonly byteLength: number;
  readonly isIntact: boolean;
  /** It may have come before: it was sent again after a lost session. */
  readonly isMarked: boolean;
  /** The session that it came in. */
  readonly session: string;
}

interface Arrived {
  readonly data: unknown;
  readonly meta: unknown;
  readonly possibleDuplicateOf: unknown;
}

/** Compares a message with what it says of itself. */
export function readDelivery({ data, meta, possibleDuplicateOf }: Arrived, session: string): Delivery {
  const { id, seed } = meta as Label;
  const bytes = new Uint8Array(data as ArrayBuffer | Uint8Array);
  const expected = patternBytes(bytes.length, seed);
  const isIntact = bytes.every((byte, index) => byte === expected[index]);
  return { id, byteLength: bytes.length, isIntact, isMarked: possibleDuplicateOf !== undefined, session };
}

/** Tells of each message that the server gets, and sends what is asked for. */
export function serve(server: ChunkServer, tell: (delivery: Delivery) => void): void {
  server.on('session', (session) => {
    session.on('message', (message) => {
      const label = message.meta as Label;
      const { replyBytes } = label;
      if (replyBytes !== undefined) session.send(patternBytes(replyBytes, label.seed), { meta: label });
      tell(readDelivery(message, session.id));
    });
  });
}
