/** How many there are of each key; nothing is kept of those that there are none of. Nobody's, without a key, count as none. */
export class Tally {
  readonly #counts = new Map<string, number>();

  of(key: string | undefined): number {
    return key === undefined ? 0 : (this.#counts.get(key) ?? 0);
  }

  add(key: string | undefined): void {
    if (key !== undefined) this.#counts.set(key, this.of(key) + 1);
  }

  remove(key: string | undefined): void {
    if (key === undefined) return;
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
