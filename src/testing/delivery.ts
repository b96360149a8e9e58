import type { Clock } from '../runtime/clock.ts';

/** What the way between two ends is like at present. */
export interface WayConditions {
  readonly clock: Clock;
  /** How long everything is under way, in ms. */
  readonly latencyMs: number;
  /** Nothing gets through, and nobody is told. */
  readonly isSilent: boolean;
}

/**
 * One direction of a connection: what is sent arrives in order, each thing in a turn of its own, and never from inside
 * {@link send}. The turns are those of promises: without latency there is no timer, and none that could be faked.
 */
export class Delivery {
  readonly #way: WayConditions;
  /** What has not left its sender. */
  #held: (() => void)[] = [];
  #underWay: { readonly dueMs: number; readonly arrive: () => void }[] = [];
  #heldBytes = 0;
  #isMoving = false;
  #isTimed = false;

  constructor(way: WayConditions) {
    this.#way = way;
  }

  /** Bytes that have not left. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Calls `arrive` at the other end, once all before it has arrived. */
  send(byteLength: number, arrive: () => void): void {
    this.#held.push(arrive);
    this.#heldBytes += byteLength;
    this.move();
  }

  /** Goes on, where it may have had to wait. */
  move(): void {
    if (this.#isMoving) return;
    this.#isMoving = true;
    void Promise.resolve().then(() => {
      this.#isMoving = false;
      this.#step();
    });
  }

  /** Loses all that has not arrived. */
  clear(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#underWay = [];
  }

  #step(): void {
    const { clock, latencyMs, isSilent } = this.#way;
    if (isSilent) return;
    const dueMs = clock.now() + latencyMs;
    this.#underWay.push(...this.#held.splice(0).map((arrive) => ({ dueMs, arrive })));
    this.#heldBytes = 0;
    const [first] = this.#underWay;
    if (first === undefined) return;
    const waitMs = first.dueMs - clock.now();
    if (waitMs > 0) {
      if (this.#isTimed) return;
      this.#isTimed = true;
      clock.setTimer(waitMs, () => {
        this.#isTimed = false;
        this.#step();
      });
      return;
    }
    this.#underWay.shift();
    this.move();
    first.arrive();
  }
}
