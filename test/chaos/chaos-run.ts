import { setTimeout as wait } from 'node:timers/promises';
import { collectGarbage } from '../support/collect-garbage.ts';
import { launchEngine } from './engines.ts';
import type { Engine, EngineName } from './engines.ts';
import { PageLink } from './page-link.ts';
import { runSchedule } from './run-schedule.ts';
import { Tally } from './tally.ts';

const SETTLE_MS = 50;
const ROUNDS = 3;

/** What both ends hold when nothing is going on, in bytes. */
export interface Heap {
  /** Undefined where the browser does not tell. */
  readonly page: number | undefined;
  readonly server: number;
}

/** A browser, one page in it, and the schedules that run there. */
export class ChaosRun implements AsyncDisposable {
  readonly tally = new Tally();
  readonly heaps: Heap[] = [];
  readonly link: PageLink;
  readonly #engine: Engine;
  readonly #seed: number;

  private constructor(link: PageLink, engine: Engine, seed: number) {
    this.link = link;
    this.#engine = engine;
    this.#seed = seed;
  }

  static async start(name: EngineName, seed: number): Promise<ChaosRun> {
    const link = await PageLink.start();
    return new ChaosRun(link, await launchEngine(name, link.url), seed);
  }

  /** Runs these schedules, some at a time, and measures what is left behind. */
  async batch(indices: readonly number[], concurrency: number, goesOn: () => boolean = () => true): Promise<void> {
    const waiting = [...indices];
    const work = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined && goesOn(); index = waiting.shift()) {
        this.tally.add(await runSchedule(this.link, this.#seed, index));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    await this.measure();
  }

  /** Adds what both ends hold now to {@link heaps}. */
  async measure(): Promise<void> {
    this.heaps.push({ page: await this.#pageHeap(), server: await serverHeap() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close();
    await this.link.stop();
  }

  async #pageHeap(): Promise<number | undefined> {
    return (await this.link.call<number | null>('heapBytes')) ?? undefined;
  }
}

async function serverHeap(): Promise<number> {
  for (let round = 0; round < ROUNDS; round++) {
    await wait(SETTLE_MS);
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
