import type { Source } from '../../../src/session/mux/source.ts';
import { Random } from './random.ts';

/** A prime: what is shifted by a whole number of packets, blocks or frames shows. */
const PERIOD_BYTES = 65_521;
const READY_BYTES = 32_768;

const random = new Random(7);
const PERIOD = Uint8Array.from({ length: PERIOD_BYTES }, () => random.int(0, 255));

/** The bytes of a pattern from `at` on, written over and over, into `target`. */
function fillPattern(target: Uint8Array, at: number): void {
  for (let done = 0; done < target.length;) {
    const part = PERIOD.subarray((at + done) % PERIOD_BYTES).subarray(0, target.length - done);
    target.set(part, done);
    done += part.length;
  }
}

/** Whether `bytes` are the pattern from `at` on. */
export function isPattern(bytes: Uint8Array, at: number): boolean {
  const expected = new Uint8Array(bytes.length);
  fillPattern(expected, at);
  return Buffer.compare(bytes, expected) === 0;
}

/** A source of any length that keeps nothing in memory. It begins anew where `isAgain`. */
export class PatternSource implements Source {
  readonly isText = false;
  readonly heldBytes = 0;
  readonly totalBytes: number | undefined;
  onReady: (() => void) | undefined;
  isReleased = false;
  readonly #bytes: number;
  readonly #isAgain: boolean;
  #at = 0;

  constructor(bytes: number, isKnown: boolean, isAgain = false) {
    this.#bytes = bytes;
    this.totalBytes = isKnown ? bytes : undefined;
    this.#isAgain = isAgain;
  }

  get readyBytes(): number {
    return this.isReleased ? 0 : Math.min(READY_BYTES, this.#bytes - this.#at);
  }

  get state(): 'open' | 'ended' {
    return this.#bytes - this.#at <= READY_BYTES ? 'ended' : 'open';
  }

  pull(): void {
    // Everything can be had at once.
  }

  copy(target: Uint8Array, at: number, count: number): void {
    fillPattern(target.subarray(at, at + count), this.#at);
    this.#at += count;
  }

  restart(): boolean {
    if (this.#isAgain) this.#at = 0;
    return this.#isAgain;
  }

  release(): void {
    this.isReleased = true;
  }
}
