import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { followedFolders, readCorpus, targetFile } from './corpus-files.ts';
import type { TargetName } from './corpus-files.ts';
import { fuzz } from './engine/fuzz.ts';
import type { FuzzOptions, FuzzReport } from './engine/fuzz.ts';
import { seedsOf } from './seeds.ts';

const planted = fileURLToPath(new URL('targets/planted.ts', import.meta.url));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function fuzzPlanted(options: Partial<FuzzOptions>): Promise<FuzzReport> {
  return fuzz({ targetFile: planted, followed: [planted], seeds: [], seed: 1, maxFindings: 1, ...options });
}

describe('the fuzzer', () => {
  it('finds what lies behind branches that chance alone does not pass, and cuts away what it does not need', async () => {
    const { findings, inputs, corpus } = await fuzzPlanted({ runs: 2_000_000, seed: 2 });
    expect(findings).toMatchObject([{ kind: 'Error: the planted fault', input: bytesOf('chun') }]);
    // Chance would need 256 to the fourth.
    expect(inputs).toBeLessThan(2_000_000);
    expect(corpus.length).toBeGreaterThan(2);
  });

  it('does the same again with the same seed', async () => {
    const once = await fuzzPlanted({ runs: 10_000, seed: 3 });
    const again = await fuzzPlanted({ runs: 10_000, seed: 3 });
    expect([again.inputs, again.features, again.corpus, again.findings.map(({ input }) => input)]).toEqual([
      once.inputs,
      once.features,
      once.corpus,
      once.findings.map(({ input }) => input),
    ]);
  });

  it('ends an input that never ends, and tells which it is', async () => {
    const hanging = Uint8Array.of(...bytesOf('chu'), 0xfe, 0xed, 0xfa);
    const { findings } = await fuzzPlanted({ runs: 10, seeds: [Uint8Array.of(1), hanging], hangSeconds: 3 });
    expect(findings).toMatchObject([{ kind: 'An input takes longer than 3 s.', input: hanging }]);
  });

  it('survives an input that takes all memory, and tells which it is', async () => {
    const greedy = Uint8Array.of(...bytesOf('chu'), 0xfd, 0xed, 0xfa);
    const { findings } = await fuzzPlanted({ runs: 10, seeds: [Uint8Array.of(1), greedy], maxHeapMebibytes: 32 });
    expect(findings.map(({ input }) => input)).toEqual([greedy]);
    expect(findings[0]?.kind).toContain('memory');
  });
});

describe('a short run of new inputs, different each time,', () => {
  it.each<[target: TargetName, runs: number, branches: number]>([
    ['decoder', 8000, 200],
    ['session', 800, 1100],
  ])('finds nothing in the %s', async (target, runs, branches) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const seeds = [...readCorpus(target), ...seedsOf(target)];
    const report = await fuzz({
      targetFile: targetFile(target),
      followed: followedFolders(target),
      seeds,
      runs: seeds.length + runs,
      seed,
    });
    expect(report.findings, `seed ${seed}`).toEqual([]);
    expect(report.inputs).toBe(seeds.length + runs);
    expect(report.branches, `seed ${seed}`).toBeGreaterThan(branches);
  });
});
