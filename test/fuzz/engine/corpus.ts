import type { Random } from '../../support/sim/random.ts';
import { counters } from './counters.ts';
import type { Seed } from './mutator.ts';

interface Entry extends Seed {
  readonly features: Uint32Array;
}

/** Classes of counts: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, and more. */
const classOf = Uint8Array.from({ length: 256 }, (_, count) =>
  count < 4 ? Math.max(0, count - 1) : count < 8 ? 3 : count < 16 ? 4 : count < 32 ? 5 : count < 128 ? 6 : 7,
);

/** The inputs that did something new: took a branch that none took before, or took it many times more. */
export class Corpus {
  readonly entries: Entry[] = [];
  /** Bit by class of count, at the number of each branch. */
  readonly #seen: Uint8Array;
  readonly #words: Uint32Array;
  readonly #found: Uint32Array;
  featureCount = 0;
  branchCount = 0;

  constructor(counterCount: number) {
    const words = Math.ceil(counterCount / 4);
    this.#seen = new Uint8Array(words * 4);
    this.#words = new Uint32Array(counters.buffer, 0, words);
    this.#found = new Uint32Array(words * 4);
  }

  /** Forgets what the last input did. */
  reset(): void {
    this.#words.fill(0);
  }

  /**
   * Looks at what the last input did, and keeps it where that is new, or where it does all that `parent` did in fewer bytes.
   *
   * @returns whether it was new
   */
  judge(bytes: Uint8Array, cuts: readonly number[] | undefined, parent: number): boolean {
    const count = this.#collect();
    const isNew = this.#note(count);
    const before = this.entries[parent];
    const isShorter = !isNew && before !== undefined && bytes.length < before.bytes.length;
    if (!isNew && !(isShorter && this.#has(before.features, count))) return false;
    const entry = { bytes: bytes.slice(), cuts: cuts?.slice(), features: this.#found.slice(0, count) };
    if (isNew) this.entries.push(entry);
    else this.entries[parent] = entry;
    return isNew;
  }

  /** The index of an entry to go on from: later ones more often, and short ones. */
  pick(random: Random): number {
    const { length } = this.entries;
    const any = (): number => (random.chance(0.5) ? random.int(0, length - 1) : length - random.scaled(1, length));
    const [one, other] = [any(), any()];
    const bytesOf = (index: number): number => this.entries[index]?.bytes.length ?? 0;
    return bytesOf(one) <= bytesOf(other) ? one : other;
  }

  /** Inputs that together do all that was seen, few and short. */
  essence(): Uint8Array[] {
    const covered = new Set<number>();
    const bySize = [...this.entries].sort((a, b) => a.bytes.length - b.bytes.length);
    const kept: Uint8Array[] = [];
    for (const { bytes, features } of bySize) {
      // Of the counts it is enough here to have few and many.
      const wanted = [...features].map((feature) => (feature & ~7) | (feature & 4));
      if (wanted.every((feature) => covered.has(feature))) continue;
      for (const feature of wanted) covered.add(feature);
      kept.push(bytes);
    }
    return kept;
  }

  #collect(): number {
    const words = this.#words;
    let found = 0;
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0) continue;
      for (let id = word * 4; id < word * 4 + 4; id++) {
        const count = counters[id] as number;
        if (count > 0) this.#found[found++] = id * 8 + (classOf[count] as number);
      }
    }
    return found;
  }

  #note(count: number): boolean {
    let isNew = false;
    for (let index = 0; index < count; index++) {
      const feature = this.#found[index] as number;
      const seen = this.#seen[feature >> 3] as number;
      const bit = 1 << (feature & 7);
      if ((seen & bit) !== 0) continue;
      if (seen === 0) this.branchCount++;
      this.#seen[feature >> 3] = seen | bit;
      this.featureCount++;
      isNew = true;
    }
    return isNew;
  }

  #has(features: Uint32Array, count: number): boolean {
    // Both are in rising order.
    let index = 0;
    for (const feature of features) {
      while (index < count && (this.#found[index] as number) < feature) index++;
      if (index === count || this.#found[index] !== feature) return false;
    }
    return true;
  }
}
