import type { Benchmark } from './benchmark.ts';
import { frameDecode, frameEncode, packetDecode, varintDecode, varintEncode } from './codec.ts';
import { link } from './link.ts';
import { muxBinary, muxBurst, muxText } from './mux.ts';

const KIB = 1024;

/** What makes each benchmark: only what is measured needs its memory. */
const makers = {
  'varint-encode': varintEncode,
  'varint-decode': varintDecode,
  'frame-encode': frameEncode,
  'frame-decode': frameDecode,
  'packet-decode': packetDecode,
  'link-64k': () => link(64 * KIB),
  'link-1m': () => link(KIB * KIB),
  'mux-burst': muxBurst,
  'mux-binary': muxBinary,
  'mux-ascii': () => muxText('a'),
  'mux-cjk': () => muxText('\u4e2d'),
} satisfies Record<string, () => Benchmark>;

export type BenchmarkName = keyof typeof makers;

export const benchmarkNames: readonly BenchmarkName[] = Object.keys(makers) as BenchmarkName[];

export function isBenchmarkName(name: unknown): name is BenchmarkName {
  return benchmarkNames.some((known) => known === name);
}

export function makeBenchmark(name: BenchmarkName): Benchmark {
  return makers[name]();
}
