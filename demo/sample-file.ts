import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { hashFile } from './file-hash.ts';

/** The file that the demo sends. */
export interface SampleFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** @param path - without one the executable of Node that runs this: a real file of about 100 MB, and always there */
export async function sampleFile(path: string = process.execPath): Promise<SampleFile> {
  const [{ size }, sha256] = await Promise.all([stat(path), hashFile(path)]);
  return { path, name: basename(path), bytes: size, sha256 };
}
