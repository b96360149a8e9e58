import { pack } from '../../../src/protocol/bytes.ts';
import type { Random } from '../../support/sim/random.ts';

/** An input to make others from. */
export interface Seed {
  readonly bytes: Uint8Array;
  readonly cuts: readonly number[] | undefined;
}

const BYTES = [0, 1, 2, 3, 9, 16, 17, 63, 64, 65, 67, 71, 79, 95, 127, 128, 191, 192, 255] as const;
/** Around the ends of the forms of a varint, and around the limits of the protocol. */
const INTEGERS = [
  0,
  1,
  2,
  31,
  63,
  64,
  65,
  511,
  512,
  1023,
  1024,
  1025,
  2047,
  2048,
  2049,
  2304,
  2305,
  4095,
  4096,
  4097,
  16_383,
  16_384,
  16_385,
  65_535,
  65_536,
  1_048_576,
  1_073_741_823,
  1_073_741_824,
  2 ** 52,
  2 ** 53 - 2,
  2 ** 53 - 1,
] as const;

/** Makes inputs from inputs: a few small changes at a time. */
export class Mutator {
  readonly #random: Random;
  readonly #tokens: readonly Uint8Array[];

  constructor(random: Random, tokens: readonly Uint8Array[]) {
    this.#random = random;
    this.#tokens = tokens;
  }

  /** A changed copy of `seed`, at most `maxBytes` long, perhaps with parts of `other`. */
  mutate(seed: Seed, other: Seed, maxBytes: number): Uint8Array {
    const random = this.#random;
    let bytes = seed.bytes;
    let { cuts } = seed;
    const count = random.scaled(1, 8);
    for (let i = 0; i < count; i++) {
      bytes = this.#change(bytes, cuts, other);
      // After the first change of its length the cuts are elsewhere.
      if (bytes.length !== seed.bytes.length) cuts = undefined;
    }
    return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
  }

  #change(bytes: Uint8Array, cuts: readonly number[] | undefined, other: Seed): Uint8Array {
    const random = this.#random;
    const { length } = bytes;
    switch (length === 0 ? 0 : random.int(0, 11)) {
      case 0:
        return splice(bytes, this.#at(bytes, cuts), 0, this.#noise(random.scaled(1, 16)));
      case 1:
        return put(bytes, random.int(0, length - 1), Uint8Array.of(random.int(0, 255)));
      case 2: {
        const at = random.int(0, length - 1);
        return put(bytes, at, Uint8Array.of((bytes[at] as number) ^ (1 << random.int(0, 7))));
      }
      case 3:
        return put(bytes, random.int(0, length - 1), Uint8Array.of(random.pick(BYTES)));
      case 4: {
        const at = random.int(0, length - 1);
        return put(bytes, at, Uint8Array.of((bytes[at] as number) + random.int(-4, 4)));
      }
      case 5:
        return splice(bytes, this.#at(bytes, cuts), 0, pack(random.pick(INTEGERS)));
      case 6: {
        const at = random.int(0, length - 1);
        const size = 1 << ((bytes[at] as number) >> 6);
        return splice(bytes, at, size, pack(random.pick(INTEGERS)));
      }
      case 7: {
        const [from, to] = this.#range(bytes, cuts);
        return splice(bytes, from, to - from, new Uint8Array());
      }
      case 8: {
        const [from, to] = this.#range(bytes, cuts);
        return splice(bytes, this.#at(bytes, cuts), 0, bytes.slice(from, to));
      }
      case 9: {
        const [from, to] = this.#range(other.bytes, other.cuts);
        const part = other.bytes.slice(from, to);
        return random.chance(0.5)
          ? splice(bytes, this.#at(bytes, cuts), 0, part)
          : put(bytes, random.int(0, length - 1), part);
      }
      case 10: {
        if (this.#tokens.length === 0) return bytes;
        const token = random.pick(this.#tokens);
        return random.chance(0.5)
          ? splice(bytes, this.#at(bytes, cuts), 0, token)
          : put(bytes, random.int(0, length - 1), token);
      }
      default:
        // The head of the one and the tail of the other.
        return splice(bytes, this.#at(bytes, cuts), length, other.bytes.subarray(this.#at(other.bytes, other.cuts)));
    }
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#random.int(0, 255));
  }

  #at({ length }: Uint8Array, cuts: readonly number[] | undefined): number {
    return cuts !== undefined && cuts.length > 0 && this.#random.chance(0.7)
      ? this.#random.pick(cuts)
      : this.#random.int(0, length);
  }

  #range(bytes: Uint8Array, cuts: readonly number[] | undefined): readonly [number, number] {
    const random = this.#random;
    if (cuts !== undefined && cuts.length > 1 && random.chance(0.7)) {
      const first = random.int(0, cuts.length - 2);
      const last = Math.min(cuts.length - 1, first + random.scaled(1, 6));
      return [cuts[first] as number, cuts[last] as number];
    }
    const from = random.int(0, bytes.length);
    return [from, Math.min(bytes.length, from + random.scaled(1, 64))];
  }
}

/** A copy in which `part` stands in place of `count` bytes. */
function splice(bytes: Uint8Array, at: number, count: number, part: Uint8Array): Uint8Array {
  const rest = bytes.subarray(at + count);
  const joined = new Uint8Array(Math.min(at, bytes.length) + part.length + rest.length);
  joined.set(bytes.subarray(0, at));
  joined.set(part, Math.min(at, bytes.length));
  joined.set(rest, Math.min(at, bytes.length) + part.length);
  return joined;
}

/** A copy with `part` written over what was there, as far as it goes. */
function put(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy.set(part.subarray(0, copy.length - at), at);
  return copy;
}
