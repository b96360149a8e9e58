import { PatternCheck } from '../../shared/pattern.ts';
import type { Link } from './link.ts';
import type { Reporter } from '../../shared/reporter.ts';

/** As the server's packets: more is copied in two steps. */
const READ_BYTES = 256 * 1024;

/**
 * Asks for a message of so many bytes and reads it to its end.
 *
 * @returns seconds from the request to the last byte
 */
export async function download(link: Link, bytes: number, reporter: Reporter): Promise<number> {
  const startedAtMs = performance.now();
  const stream = link.download();
  link.tell({ kind: 'download', bytes });
  const reader = (await stream).getReader({ mode: 'byob' });
  const check = new PatternCheck();
  let buffer = new ArrayBuffer(READ_BYTES);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) break;
    buffer = value.buffer;
    check.add(value);
    reporter.progress(check.bytes, bytes);
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  check.end(bytes);
  return seconds;
}
