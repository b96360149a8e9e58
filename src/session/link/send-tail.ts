/**
 * The unacknowledged part of our byte stream: offsets `start` (inclusive) to `end` (exclusive).
 *
 * Chunks are kept as they were written into their first packet (views, no copy), and can be read back at any cut,
 * since a resend may need smaller packets than the first sending. Invariant: the chunks' bytes sum up to `end - start`.
 */
export class SendTail {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #start = 0;
  #end = 0;

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#end += chunk.length;
  }

  /** Forgets everything below `offset`, which lies in `start..end`. */
  trim(offset: number): void {
    let drop = offset - this.#start;
    this.#start = offset;
    let chunk = this.#chunks[this.#first];
    while (chunk !== undefined && drop >= chunk.length) {
      drop -= chunk.length;
      chunk = this.#chunks[++this.#first];
    }
    if (chunk !== undefined && drop > 0) this.#chunks[this.#first] = chunk.subarray(drop);
    if (this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** Copies `count` bytes from stream offset `from` into `target` at `at`; the range lies in `start..end`. */
  copy(from: number, count: number, target: Uint8Array, at: number): void {
    let skip = from - this.#start;
    for (let i = this.#first; count > 0; i++) {
      const chunk = this.#chunks[i];
      if (chunk === undefined) return;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const part = chunk.subarray(skip, skip + count);
      target.set(part, at);
      at += part.length;
      count -= part.length;
      skip = 0;
    }
  }
}
