import type { Target } from './target.ts';

/** An input for which something does not hold. */
export interface Finding {
  /** What does not hold; the same for all inputs that find it. */
  readonly kind: string;
  /** With its stack. */
  readonly report: string;
  /** As short as it could be made. */
  readonly input: Uint8Array;
}

const MAX_TRIES = 20_000;

/** Names what was thrown: numbers left out, so that one cause is one finding. */
export function kindOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\d+/g, 'N').slice(0, 200);
}

/** The finding in `input`, with whatever it does not need cut away. */
export function shrink(target: Target, input: Uint8Array, error: unknown): Finding {
  const kind = kindOf(error);
  let shortest = input.slice();
  let last = error;
  let tries = 0;
  const isStill = (candidate: Uint8Array): boolean => {
    tries++;
    try {
      target.run(candidate);
      return false;
    } catch (again) {
      if (kindOf(again) !== kind) return false;
      last = again;
      return true;
    }
  };
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < shortest.length && tries < MAX_TRIES;) {
      const candidate = Uint8Array.from([...shortest.subarray(0, at), ...shortest.subarray(at + size)]);
      if (isStill(candidate)) shortest = candidate;
      else at += size;
    }
  }
  return { kind, report: last instanceof Error ? (last.stack ?? last.message) : String(last), input: shortest };
}
