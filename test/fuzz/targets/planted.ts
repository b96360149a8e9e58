import { check } from '../engine/target.ts';
import type { Target } from '../engine/target.ts';

const hoard: number[][] = [];

/** Has faults that only a fuzzer finds which follows the branches: it shows that the fuzzer is one. */
export const target: Target = {
  maxBytes: 64,
  tokens: [],
  run(input) {
    if (input[0] !== 0x63) return undefined;
    if (input[1] !== 0x68) return undefined;
    if (input[2] !== 0x75) return undefined;
    check(input[3] !== 0x6e, 'the planted fault');
    if (input[4] === 0xed && input[5] === 0xfa) {
      while (input[3] === 0xfe) hoard.length = 0;
      while (input[3] === 0xfd) hoard.push(new Array<number>(1000).fill(0.5));
    }
    return [0, 1, 2];
  },
};
