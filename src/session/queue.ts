/** First in, first out, in amortised constant time (`Array.prototype.shift` moves every element of a long array). */
export class Queue<T> {
  /** Made for the first: most queues of most sessions are empty most of the time. */
  #items: T[] | undefined;
  #head = 0;

  get length(): number {
    return this.#items === undefined ? 0 : this.#items.length - this.#head;
  }

  push(item: T): void {
    (this.#items ??= []).push(item);
  }

  peek(): T | undefined {
    return this.at(0);
  }

  /** The item at `index` from the oldest. */
  at(index: number): T | undefined {
    return this.#items?.[this.#head + index];
  }

  shift(): T | undefined {
    const items = this.#items;
    if (items === undefined) return undefined;
    const item = items[this.#head];
    if (this.#head < items.length && ++this.#head * 2 > items.length) {
      items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The items, oldest first, as an array of their own. */
  toArray(): T[] {
    return this.#items?.slice(this.#head) ?? [];
  }

  clear(): void {
    this.#items = undefined;
    this.#head = 0;
  }
}
