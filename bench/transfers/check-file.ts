import { createReadStream } from 'node:fs';
import { makePattern, PATTERN_BYTES } from '../shared/pattern.ts';

const READ_BYTES = 1024 * 1024;

/**
 * Compares every byte of a file with what was sent.
 *
 * @throws Error for other bytes, and for another length
 */
export async function checkFile(path: string, bytes: number): Promise<void> {
  const pattern = makePattern();
  // Twice: so every piece of the file is one piece of it.
  const repeated = Buffer.concat([pattern, pattern]);
  let at = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    const read = chunk as Buffer;
    for (let from = 0; from < read.length; from += PATTERN_BYTES) {
      const piece = read.subarray(from, from + PATTERN_BYTES);
      const start = (at + from) % PATTERN_BYTES;
      if (piece.compare(repeated, start, start + piece.length) !== 0) {
        throw new Error(
          `The server's file is not what was sent, between ${at + from} and ${at + from + piece.length}.`,
        );
      }
    }
    at += read.length;
  }
  if (at !== bytes) throw new Error(`The server's file has ${at} bytes instead of ${bytes}.`);
}
