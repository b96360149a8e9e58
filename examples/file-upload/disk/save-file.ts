import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ServerIncoming } from 'chunksocket/server';
import type { Gate } from './gate.ts';
import { safeName } from './safe-name.ts';
import type { FileMeta } from '../words.ts';

/**
 * Writes a file to disk as it comes, no faster than the disk takes it. It gets its name when it is whole; of one that does
 * not come whole nothing is left.
 *
 * @returns its name in the folder
 */
export async function saveFile(
  incoming: ServerIncoming,
  folder: string,
  gate: Gate,
): Promise<{ name: string; sha256: string }> {
  const id = randomUUID();
  const part = join(folder, `${id}.part`);
  const hash = createHash('sha256');
  try {
    await pipeline(
      incoming.readable(),
      gate,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(part, { flags: 'wx' }),
    );
    const { name } = (incoming.meta ?? {}) as Partial<FileMeta>;
    const saved = `${id.slice(0, 8)}-${safeName(name)}`;
    await rename(part, join(folder, saved));
    return { name: saved, sha256: hash.digest('hex') };
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
