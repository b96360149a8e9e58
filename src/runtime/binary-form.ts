import type { BinaryForms, BinaryType } from './events.ts';
import { makeBlob } from './incoming.ts';

/** Bytes with a buffer of their own, in the form that is wanted; `meta` may name a Blob's type. */
export function toBinaryForm(
  bytes: Uint8Array<ArrayBuffer>,
  binaryType: BinaryType,
  meta: unknown,
): BinaryForms[BinaryType] {
  switch (binaryType) {
    case 'uint8array':
      return bytes;
    case 'blob':
      return makeBlob([bytes], meta);
    case 'arraybuffer':
      return bytes.buffer;
  }
}
