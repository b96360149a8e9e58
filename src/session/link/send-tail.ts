/** Packets below this cost less than keeping them. */
const MIN_REUSED_BYTES = 2048;

/**
 * The unacknowledged part of our byte stream: offsets `start` (inclusive) to `end` (exclusive).
 *
 * Chunks are kept as they were written into their first packet (views, no copy), and can be read back at any cut,
 * since a resend may need smaller packets than the first sending. Invariant: the chunks' bytes sum up to `end - start`.
 *
 * The buffers of packets that are acknowledged are used again, until {@link rest}: an engine collects such garbage
 * only when there are tens of MiB of it (measured in Chromium). What the peer acknowledged was written; and a connection
 * that may still hold a packet when it is acknowledged on the next one is no longer heard by the peer (LINK-4).
 */
export class SendTail {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #start = 0;
  #end = 0;
  /** Buffers for reuse, of sizes that are powers of two, if there are any. */
  #free: ArrayBufferLike[] | undefined;

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Room for a packet. */
  allocate(bytes: number): Uint8Array {
    if (bytes < MIN_REUSED_BYTES) return new Uint8Array(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const free = this.#free ?? [];
    const index = free.findIndex(({ byteLength }) => byteLength === size);
    const [buffer = new ArrayBuffer(size)] = index < 0 ? [] : free.splice(index, 1);
    return new Uint8Array(buffer, 0, bytes);
  }

  /** Takes back what {@link allocate} gave. */
  free({ buffer }: Uint8Array): void {
    if (buffer.byteLength >= MIN_REUSED_BYTES) (this.#free ??= []).push(buffer);
  }

  /** @param chunk - in a buffer of {@link allocate}, and alone in it */
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
      this.free(chunk);
      chunk = this.#chunks[++this.#first];
    }
    if (chunk !== undefined && drop > 0) this.#chunks[this.#first] = chunk.subarray(drop);
    if (this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** There is nothing to send for now: gives back what was kept for reuse. */
  rest(): void {
    this.#free = undefined;
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
