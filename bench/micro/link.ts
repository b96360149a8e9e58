import { decodePacket } from '../../src/protocol/packet.ts';
import { LimitLearner } from '../../src/session/link/limit-learner.ts';
import { Link } from '../../src/session/link/link.ts';
import type { FillMode, LinkUser } from '../../src/session/link/link-user.ts';
import { expectSame, megabytes } from './benchmark.ts';
import type { Benchmark } from './benchmark.ts';

const STREAM_BYTES = 64 * 1024 * 1024;
const RETRY_BYTES = 1024 * 1024;

/** Writes a stream of a given length, and counts what comes. */
class CountingUser implements LinkUser {
  /** So that every packet asks for an acknowledgement at once. */
  readonly isBlocked = true;
  readonly isShared = false;
  takenBytes = 0;
  #restBytes: number;
  readonly #content: Uint8Array;

  constructor(streamBytes: number, content: Uint8Array) {
    this.#restBytes = streamBytes;
    this.#content = content;
  }

  pendingBytes(_mode: FillMode, max: number): number {
    return Math.min(this.#restBytes, max);
  }

  fill(_mode: FillMode, target: Uint8Array, at: number): number {
    const count = Math.min(this.#restBytes, target.length - at);
    target.set(this.#content.subarray(0, count), at);
    this.#restBytes -= count;
    return at + count;
  }

  take(slice: Uint8Array): undefined {
    this.takenBytes += slice.length;
  }

  settle(): void {
    // Nothing waits for it.
  }
}

/**
 * A stream from one link to another. Each packet is acknowledged before the next one, and time stands still: so the
 * window never rules, and all packets are as long as they may be.
 */
export function link(packetBytes: number): Benchmark {
  const content = new Uint8Array(packetBytes).fill(7);
  const packets = Math.ceil(STREAM_BYTES / packetBytes);
  const makeLink = (user: LinkUser): Link => {
    const remembered = { floor: packetBytes, ceiling: 0, provisional: false };
    const made = new Link(user, new LimitLearner(packetBytes, packetBytes, remembered, RETRY_BYTES));
    made.stated(0);
    made.attach(0, 0, undefined);
    return made;
  };
  return {
    unit: 'MB/s',
    work: megabytes(STREAM_BYTES),
    run: () => {
      const receiver = new CountingUser(0, content);
      const from = makeLink(new CountingUser(STREAM_BYTES, content));
      const to = makeLink(receiver);
      // One more for what the headers take.
      for (let count = 0; count <= packets && from.acked < STREAM_BYTES; count++) {
        carry(from, to);
        carry(to, from);
      }
      expectSame('Bytes acknowledged', from.acked, STREAM_BYTES);
      expectSame('Bytes taken', receiver.takenBytes, STREAM_BYTES);
    },
  };
}

/** Carries one packet. */
function carry(from: Link, to: Link): void {
  const bytes = from.nextPacket(0);
  const packet = bytes && decodePacket(bytes);
  if (typeof packet !== 'object' || packet.kind !== 'stream') throw new Error('The link wrote no STREAM packet.');
  expectSame('Problem', to.receive(packet, 0), undefined);
}
