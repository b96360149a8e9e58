import { Queue } from '../queue.ts';
import type { LimitLearner } from './limit-learner.ts';

interface SentPacket {
  /** Offset of our stream at which it ends. */
  readonly end: number;
  readonly bytes: number;
  readonly isAboveFloor: boolean;
}

/** The packets of a connection that the peer has not acknowledged: one of them may have been too big. */
export class Flight {
  readonly #packets = new Queue<SentPacket>();
  #aboveFloorCount = 0;

  get isEmpty(): boolean {
    return this.#packets.length === 0;
  }

  /** A packet larger than what is known to pass is on its way. */
  get hasAboveFloor(): boolean {
    return this.#aboveFloorCount > 0;
  }

  add(end: number, bytes: number, floor: number): void {
    const isAboveFloor = bytes > floor;
    if (isAboveFloor) this.#aboveFloorCount++;
    this.#packets.push({ end, bytes, isAboveFloor });
  }

  /** The peer has our stream up to `offset`: so much has passed. */
  landed(offset: number, learner: LimitLearner): void {
    let packet = this.#packets.peek();
    while (packet !== undefined && packet.end <= offset) {
      this.#packets.shift();
      if (packet.isAboveFloor) this.#aboveFloorCount--;
      learner.passed(packet.bytes);
      packet = this.#packets.peek();
    }
  }

  get largestBytes(): number {
    return this.#packets.toArray().reduce((most, { bytes }) => Math.max(most, bytes), 0);
  }

  /** Size of the packet to suspect when the rest was lost: the first above the floor, else the largest. */
  suspectBytes(floor: number): number {
    return this.#packets.toArray().find(({ bytes }) => bytes > floor)?.bytes ?? this.largestBytes;
  }

  clear(): void {
    this.#packets.clear();
    this.#aboveFloorCount = 0;
  }
}
