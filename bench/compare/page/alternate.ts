import type { Job, Samples } from '../shared/job.ts';
import { open } from './connections/connection.ts';
import type { Connection } from './connections/connection.ts';
import { tellProgress } from './progress.ts';

/**
 * Measures all contenders in turns, each over one connection: what happens on the machine in between happens to all of
 * them. The first round does not count.
 */
export async function alternate(
  { url, contenders, rounds }: Job,
  measure: (connection: Connection) => Promise<number | Readonly<Record<string, number>>>,
): Promise<Samples> {
  const connections = new Map<string, Connection>();
  for (const contender of contenders) connections.set(contender, await open(contender, url));
  const samples: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    const first = round % contenders.length;
    for (const contender of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      await settle();
      const figures = await measure(connections.get(contender) as Connection);
      if (round === 0) continue;
      const named = typeof figures === 'number' ? { '': figures } : figures;
      for (const [name, value] of Object.entries(named)) {
        (samples[name === '' ? contender : `${contender} ${name}`] ??= []).push(value);
      }
    }
    tellProgress();
  }
  for (const connection of connections.values()) connection.close();
  return samples;
}

/** What one contender left behind is not to be the next one's. */
async function settle(): Promise<void> {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
