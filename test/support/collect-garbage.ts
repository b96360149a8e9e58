import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Frees at once what nothing refers to. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of all buffers that something refers to. */
export function bufferBytes(): number {
  // What the first run finds is swept by the time the second one begins.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

/** How many of `refs` still refer to something. To be asked in another task than the last `deref`. */
export async function countAlive(refs: readonly WeakRef<object>[]): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  return refs.filter((ref) => ref.deref() !== undefined).length;
}
