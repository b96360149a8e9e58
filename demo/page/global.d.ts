import type { ChunkSocket as ChunkSocketClass } from 'chunksocket';

declare global {
  /** What the script tag defines. */
  const ChunkSocket: typeof ChunkSocketClass;
}
