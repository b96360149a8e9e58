import type { Alphabet } from './content.ts';
import type { Contender } from './contender.ts';

/** One row's part in the page. */
export type Task =
  | { readonly kind: 'upload' | 'download' | 'stream'; readonly bytes: number }
  | { readonly kind: 'text'; readonly alphabet: Alphabet; readonly length: number }
  | { readonly kind: 'burst-up' | 'burst-down'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'steady'; readonly perSecond: number; readonly seconds: number; readonly bytes: number }
  | { readonly kind: 'round-trip'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'beside'; readonly uploadBytes: number; readonly pings: number }
  | { readonly kind: 'first' }
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'hidden-limit'; readonly bytes: number }
  | { readonly kind: 'heap'; readonly bytes: number }
  | { readonly kind: 'sizes'; readonly sizes: readonly number[] }
  | { readonly kind: 'counts'; readonly counts: readonly number[]; readonly bytes: number };

/** What the page is asked to do. */
export interface Job {
  readonly task: Task;
  /** Where the server is, or what stands before it: `ws://host:port`. */
  readonly url: string;
  /** In this order, in each round; rounds begin with another one each. */
  readonly contenders: readonly Contender[];
  /** After a warm-up that does not count. */
  readonly rounds: number;
  /** The page is to tell a CPU profile of itself. */
  readonly isProfiled: boolean;
}

/** Figures by contender, or by what else the row compares; one a round. */
export type Samples = Readonly<Record<string, readonly number[]>>;
