/**
 * A message as listeners get it; text is a Buffer of UTF-8, always. (A Blob where `binaryType` is `'blob'`: the types of
 * `ws` do not know of it, and these are to fit.)
 */
export type RawData = Buffer | ArrayBuffer | Buffer[];

const BINARY_TYPES = ['nodebuffer', 'arraybuffer', 'fragments', 'blob'] as const;

/** Form of binary messages. */
export type WsBinaryType = Exclude<(typeof BINARY_TYPES)[number], 'blob'>;

/** Others are ignored, as by `ws`. */
export function isBinaryType(type: string): type is WsBinaryType | 'blob' {
  return (BINARY_TYPES as readonly string[]).includes(type);
}

/** The message in the form that `ws` would give it. */
export function toRawData(data: string | Uint8Array<ArrayBuffer>, type: WsBinaryType | 'blob'): RawData {
  if (typeof data === 'string') return Buffer.from(data);
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.length);
  switch (type) {
    case 'nodebuffer':
      return buffer;
    case 'arraybuffer':
      return data.length === data.buffer.byteLength ? data.buffer : data.slice().buffer;
    case 'fragments':
      return data.length === 0 ? [] : [buffer];
    case 'blob':
      return new Blob([data]) as unknown as RawData;
  }
}
