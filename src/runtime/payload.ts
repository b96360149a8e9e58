import { BytesSource } from '../session/mux/source.ts';
import type { Source } from '../session/mux/source.ts';
import { BlobSource } from './blob-source.ts';
import type { BlobLike } from './blob-source.ts';
import { bytesOf, tagOf, takeOver } from './buffer-bytes.ts';
import { copyParts, encodeParts } from './copy-parts.ts';
import type { BufferData } from './buffer-bytes.ts';
import { openStream, StreamSource } from './stream-source.ts';
import type { ReadableStreamLike, StreamChunk } from './stream-source.ts';

/**
 * What can be sent. A string is a text message (lone surrogates become U+FFFD, as in WebSocket), all else binary, but
 * for a stream of strings. Buffers and views are copied at once, so the caller may reuse them, or else taken over; a Blob
 * is read slice by slice, and a stream (a `ReadableStream`, a Node `Readable`, any async iterable) chunk by chunk, as it
 * is sent. A stream is the message's from then on: it is cancelled when the message fails.
 */
export type SendData = string | BufferData | BlobLike | ReadableStreamLike<StreamChunk> | AsyncIterable<StreamChunk>;

/**
 * As {@link toSource} for many messages of the same data, of which one copy is kept.
 *
 * @returns a function that makes a source for one message
 * @throws TypeError as {@link toSource}, and for a stream: it can be read once
 */
export function toSources(data: SendData, isOwned?: boolean): () => Source {
  const source = toSource(data, isOwned);
  if (source instanceof BytesSource) return () => source.again();
  if (source instanceof BlobSource) return () => toSource(data);
  source.release();
  throw new TypeError('Cannot send a stream to many: it can be read once.');
}

/**
 * The source that reads `data`.
 *
 * @param isOwned - a buffer, or the whole buffer of a view, is taken over and detached instead of copied; all else is
 *   as without
 * @throws TypeError when it is none of {@link SendData}; for a detached buffer, and one that cannot be taken over; for a
 *   stream that is locked, was read from, or has failed
 */
export function toSource(data: unknown, isOwned = false): Source {
  if (typeof data === 'string') return new BytesSource(encodeParts(data), true);
  const tag = tagOf(data);
  if (tag === 'Blob' || tag === 'File') return new BlobSource(data as BlobLike);
  const bytes = bytesOf(data);
  if (bytes !== undefined) return new BytesSource(isOwned ? takeOver(bytes) : copyParts(bytes), false);
  const iterator = openStream(data);
  if (iterator !== undefined) return new StreamSource(iterator);
  throw new TypeError(`Cannot send ${tag}: give a string, ArrayBuffer, view, Blob, ReadableStream or async iterable.`);
}
