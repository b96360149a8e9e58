import { MIN_PACKET_BYTES } from '../protocol/limits.ts';
import type { PathLimit } from '../session/link/limit-learner.ts';

/** What is remembered of a path, in each direction. */
export interface RememberedLimits {
  readonly up?: PathLimit | undefined;
  readonly down?: PathLimit | undefined;
}

const WEEK_MS = 7 * 24 * 3600 * 1000;
/** A ceiling that no 1009 confirmed may have been bad luck. */
const HOUR_MS = 3600 * 1000;
const MAX_BYTES = 2 ** 30;

type Entry = RememberedLimits & { readonly atMs: number };

const memory = new Map<string, string>();

/**
 * Limits by origin and path of the URL (what lies behind `?` is left out: it often carries tokens). Kept in memory for
 * all sockets of the page, and in `localStorage` when asked; what is read is not trusted.
 */
export class LimitMemory {
  readonly #key: string;
  readonly #where: 'memory' | 'localStorage' | 'none';

  constructor(url: string, where: 'memory' | 'localStorage' | 'none') {
    const { protocol, host, pathname } = new URL(url);
    this.#key = `chunksocket:limit:${protocol}//${host}${pathname}`;
    this.#where = where;
  }

  read(): RememberedLimits {
    if (this.#where === 'none') return {};
    try {
      const text = memory.get(this.#key) ?? (this.#where === 'localStorage' && localStorage.getItem(this.#key));
      const { up, down, atMs } = JSON.parse(text || '{}') as Entry;
      const ageMs = Date.now() - atMs;
      if (ageMs >= 0 && ageMs < WEEK_MS) return { up: sane(up, ageMs), down: sane(down, ageMs) };
    } catch {
      // A forbidden storage, or nonsense in it, only costs the memory of it.
    }
    return {};
  }

  write(limits: RememberedLimits): void {
    if (this.#where === 'none') return;
    const text = JSON.stringify({ ...this.read(), ...limits, atMs: Date.now() });
    memory.set(this.#key, text);
    try {
      if (this.#where === 'localStorage') localStorage.setItem(this.#key, text);
    } catch {
      // So does a full one.
    }
  }
}

function sane(limit: Partial<PathLimit> | undefined, ageMs: number): PathLimit | undefined {
  const { floor, ceiling, provisional = false } = limit ?? {};
  if (!isSize(floor)) return undefined;
  const keep = isSize(ceiling) && ceiling > floor && (!provisional || ageMs < HOUR_MS);
  return { floor, ceiling: keep ? ceiling : 0, provisional };
}

const isSize = (bytes: unknown): bytes is number =>
  Number.isSafeInteger(bytes) && (bytes as number) >= MIN_PACKET_BYTES && (bytes as number) <= MAX_BYTES;
