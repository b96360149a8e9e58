/** Bytes that are there at once; a view stands for its own part of the buffer. */
export type BufferData = ArrayBuffer | SharedArrayBuffer | ArrayBufferView;

// Every browser and Node have it, but neither's types belong here.
declare function structuredClone<T>(value: T, options: { transfer: T[] }): T;

/** What kind of thing it is: the tag, not instanceof, since those of another realm (an iframe, say) are as good. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * The bytes where they are, or `undefined` when it is no {@link BufferData}.
 *
 * @throws TypeError, in the engine's words, when the buffer is detached
 */
export function bytesOf(data: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return /^(Shared)?ArrayBuffer$/.test(tagOf(data)) ? new Uint8Array(data as ArrayBuffer) : undefined;
}

/**
 * The bytes without a copy: the whole buffer is taken over, and detached for all who had it.
 *
 * @throws TypeError when it cannot be; it is as it was then
 */
export function takeOver({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  let taken: ArrayBufferLike | undefined;
  try {
    taken = structuredClone(buffer, { transfer: [buffer] });
  } catch {
    // Told below.
  }
  // Node 20 copies what it cannot transfer, and says nothing.
  if (taken === undefined || buffer.byteLength > 0) {
    throw new TypeError('Cannot transfer a buffer that is shared, pooled (a small Buffer of Node) or of WebAssembly.');
  }
  return new Uint8Array(taken, byteOffset, length);
}
