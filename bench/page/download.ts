import { PatternCheck } from '../shared/pattern.ts';
import type { Link } from './link.ts';
import type { Reporter } from './reporter.ts';

/**
 * Asks for a message of so many bytes and reads it to its end.
 *
 * @returns seconds from the request to the last byte
 */
export async function download(link: Link, bytes: number, reporter: Reporter): Promise<number> {
  const startedAtMs = performance.now();
  const stream = link.download();
  link.tell({ kind: 'download', bytes });
  const reader = (await stream).getReader();
  const check = new PatternCheck();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    check.add(value);
    reporter.progress(check.bytes, bytes);
  }
  const seconds = (performance.now() - startedAtMs) / 1000;
  check.end(bytes);
  return seconds;
}
