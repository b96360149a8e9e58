import type { Transfer } from 'chunksocket';
import { Channel } from '../shared/control.ts';
import type { UploadMeta } from '../shared/control.ts';
import { makePattern, PATTERN_BYTES } from '../../shared/pattern.ts';
import type { Link } from './link.ts';
import type { Reporter } from '../../shared/reporter.ts';

/** A Blob of any length that costs a megabyte: it names one part again and again. */
export function makeBlob(bytes: number): Blob {
  const part = new Blob([makePattern()]);
  const parts = Array.from({ length: Math.floor(bytes / PATTERN_BYTES) }, () => part);
  return new Blob([...parts, part.slice(0, bytes % PATTERN_BYTES)]);
}

export function startUpload(link: Link, blob: Blob, reporter: Reporter, meta: UploadMeta): Transfer {
  const transfer = link.socket.send(blob, { channel: Channel.uploads, meta });
  transfer.on('progress', ({ ackedBytes }) => {
    reporter.progress(ackedBytes, blob.size);
  });
  return transfer;
}

/**
 * Sends the Blob, and waits until the server has read it to its end.
 *
 * @returns seconds to the delivery
 */
export async function upload(link: Link, blob: Blob, reporter: Reporter, meta: UploadMeta): Promise<number> {
  const stored = link.answer('stored');
  const startedAtMs = performance.now();
  await startUpload(link, blob, reporter, meta).delivered;
  const seconds = (performance.now() - startedAtMs) / 1000;
  const { bytes } = await stored;
  if (bytes !== blob.size) throw new Error(`The server got ${bytes} bytes instead of ${blob.size}.`);
  return seconds;
}
