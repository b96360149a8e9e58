import { MIN_PACKET_BYTES } from '../protocol/limits.ts';
import type { PathLimit } from '../session/link/limit-learner.ts';
import { pathOf } from './socket-url.ts';

/** What is remembered of a path, in each direction. */
export interface RememberedLimits {
  readonly up?: PathLimit | undefined;
  readonly down?: PathLimit | undefined;
}

const WEEK_MS = 7 * 24 * 3600 * 1000;
/** A ceiling that no 1009 confirmed may have been bad luck. */
const HOUR_MS = 3600 * 1000;
const MAX_BYTES = 2 ** 30;

interface Stored extends PathLimit {
  readonly atMs: number;
}

/** Each direction has its own age: news of one must not keep the other alive. */
interface Entry {
  up?: Partial<Stored>;
  down?: Partial<Stored>;
}

const memory = new Map<string, string>();

/**
 * Limits by origin and path of the URL ({@link pathOf}). Kept in memory for
 * all sockets of the page, and in `localStorage` when asked; what is read is not trusted.
 */
export class LimitMemory {
  readonly #key: string;
  readonly #where: 'memory' | 'localStorage' | 'none';

  constructor(url: string, where: 'memory' | 'localStorage' | 'none') {
    this.#key = `chunksocket:limit:${pathOf(url)}`;
    this.#where = where;
  }

  read(): RememberedLimits {
    const { up, down } = this.#load();
    return { up: sane(up), down: sane(down) };
  }

  write({ up, down }: RememberedLimits): void {
    if (this.#where === 'none') return;
    const entry = this.#load();
    const atMs = Date.now();
    if (up !== undefined) entry.up = { ...up, atMs };
    if (down !== undefined) entry.down = { ...down, atMs };
    const text = JSON.stringify(entry);
    memory.set(this.#key, text);
    try {
      if (this.#where === 'localStorage') localStorage.setItem(this.#key, text);
    } catch {
      // A full storage only costs the memory of it.
    }
  }

  #load(): Entry {
    try {
      if (this.#where === 'none') return {};
      const text = memory.get(this.#key) ?? (this.#where === 'localStorage' && localStorage.getItem(this.#key));
      const { up, down } = JSON.parse(text || '{}') as { [name in keyof Entry]: Entry[name] | null };
      return { ...(up && { up }), ...(down && { down }) };
    } catch {
      // So does a forbidden one, or nonsense in it.
      return {};
    }
  }
}

function sane({ floor, ceiling, provisional = false, atMs = NaN }: Partial<Stored> = {}): PathLimit | undefined {
  const ageMs = Date.now() - atMs;
  if (!isSize(floor) || !(ageMs >= 0 && ageMs < WEEK_MS)) return undefined;
  const keep = isSize(ceiling) && ceiling > floor && (!provisional || ageMs < HOUR_MS);
  return { floor, ceiling: keep ? ceiling : 0, provisional };
}

const isSize = (bytes: unknown): bytes is number =>
  Number.isSafeInteger(bytes) && (bytes as number) >= MIN_PACKET_BYTES && (bytes as number) <= MAX_BYTES;
