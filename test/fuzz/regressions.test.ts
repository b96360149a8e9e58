import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCorpus, readFindings, targetNames } from './corpus-files.ts';
import type { TargetName } from './corpus-files.ts';
import { meterAllocations } from './engine/allocations.ts';
import type { Target } from './engine/target.ts';
import { seedsOf } from './seeds.ts';
import { target as decoder } from './targets/decoder.ts';
import { target as session } from './targets/session.ts';

const targets: Readonly<Record<TargetName, Target>> = { decoder, session };

/** The inputs for which something does not hold. */
function broken(target: Target, inputs: readonly Uint8Array[]): string[] {
  return inputs.flatMap((input) => {
    try {
      target.run(input);
      return [];
    } catch (error) {
      return [`${Buffer.from(input).toString('base64')}: ${String(error)}`];
    }
  });
}

describe.each(targetNames)('what the fuzzer keeps for the %s', (name) => {
  let stop: () => void;

  beforeAll(() => {
    stop = meterAllocations();
  });

  afterAll(() => {
    stop();
  });

  it('has every vector of the protocol, and every input that did something new, run as it should', () => {
    const inputs = [...seedsOf(name), ...readCorpus(name)];
    expect(inputs.length).toBeGreaterThan(50);
    expect(broken(targets[name], inputs)).toEqual([]);
  });

  it('finds no fault again that it once found', () => {
    const findings = readFindings(name);
    expect(findings.length).toBeGreaterThan(0);
    expect(
      broken(
        targets[name],
        findings.map(({ input }) => input),
      ),
    ).toEqual([]);
  });
});
