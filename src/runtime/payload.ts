import { encodeText } from '../protocol/text.ts';
import { BytesSource } from '../session/mux/source.ts';
import type { Source } from '../session/mux/source.ts';
import { BlobSource } from './blob-source.ts';
import type { BlobLike } from './blob-source.ts';

/**
 * What can be sent. A string is a text message (lone surrogates become U+FFFD, as in WebSocket), all else binary. Buffers
 * and views are copied at once, so the caller may reuse them; a Blob is read slice by slice as it is sent.
 */
export type SendData = string | ArrayBuffer | ArrayBufferView | BlobLike;

/**
 * The source that reads `data`.
 *
 * @throws TypeError when it is none of {@link SendData}, or a detached buffer
 */
export function toSource(data: unknown): Source {
  if (typeof data === 'string') return new BytesSource(encodeText(data));
  // The tag, not instanceof: buffers and Blobs of another realm (an iframe, a test environment) are as good.
  const tag = Object.prototype.toString.call(data).slice(8, -1);
  if (tag === 'Blob' || tag === 'File') return new BlobSource(data as BlobLike);
  if (tag === 'ArrayBuffer') return new BytesSource(new Uint8Array(data as ArrayBuffer).slice());
  if (ArrayBuffer.isView(data)) {
    return new BytesSource(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
  }
  throw new TypeError(`Cannot send ${tag}: give a string, ArrayBuffer, view or Blob.`);
}
