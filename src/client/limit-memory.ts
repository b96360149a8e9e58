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
const STORAGE_PREFIX = 'chunksocket:limit:';

type Entry = RememberedLimits & { readonly atMs: number };

const memory = new Map<string, Entry>();

/**
 * Limits by origin and path of the URL (what lies behind `?` is left out: it often carries tokens). Kept in memory for
 * all sockets of the page, and in `localStorage` when asked; what is read from there is not trusted.
 */
export class LimitMemory {
  readonly #key: string;
  readonly #storage: Storage | undefined;
  readonly #isOff: boolean;

  constructor(url: string, where: 'memory' | 'localStorage' | 'none') {
    const { origin, protocol, host, pathname } = new URL(url);
    this.#key = STORAGE_PREFIX + (origin === 'null' ? `${protocol}//${host}` : origin) + pathname;
    this.#isOff = where === 'none';
    try {
      // Reading the property throws where storage is forbidden.
      this.#storage = where === 'localStorage' ? globalThis.localStorage : undefined;
    } catch {
      this.#storage = undefined;
    }
  }

  read(): RememberedLimits {
    if (this.#isOff) return {};
    const entry = memory.get(this.#key) ?? this.#readStored();
    const ageMs = Date.now() - (entry?.atMs ?? -Infinity);
    if (entry === undefined || !(ageMs >= 0 && ageMs < WEEK_MS)) return {};
    return { up: sane(entry.up, ageMs), down: sane(entry.down, ageMs) };
  }

  write(limits: RememberedLimits): void {
    if (this.#isOff) return;
    const entry = { ...this.read(), ...limits, atMs: Date.now() };
    memory.set(this.#key, entry);
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(entry));
    } catch {
      // A full or forbidden storage only costs the memory of it.
    }
  }

  #readStored(): Entry | undefined {
    try {
      return (JSON.parse(this.#storage?.getItem(this.#key) ?? 'null') as Entry | null) ?? undefined;
    } catch {
      return undefined;
    }
  }
}

function sane(limit: Partial<PathLimit> | undefined, ageMs: number): PathLimit | undefined {
  const { floor, ceiling, provisional } = limit ?? {};
  if (!isSize(floor)) return undefined;
  const keep = isSize(ceiling) && ceiling > floor && (provisional !== true || ageMs < HOUR_MS);
  return { floor, ceiling: keep ? ceiling : 0, provisional: provisional === true };
}

const isSize = (bytes: unknown): bytes is number =>
  Number.isSafeInteger(bytes) && (bytes as number) >= MIN_PACKET_BYTES && (bytes as number) <= MAX_BYTES;
