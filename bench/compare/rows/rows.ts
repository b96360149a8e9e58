import { percentile, median } from '../../support/statistics.ts';
import type { BenchContext } from '../context.ts';
import { measureBundles } from '../measure-bundles.ts';
import { rowResult } from '../result.ts';
import type { RowResult } from '../result.ts';
import type { Alphabet } from '../shared/content.ts';
import { compareSamples, perSecond } from './compare-samples.ts';
import { idleMemory } from './idle-memory.ts';
import { cutPath, longPath, narrowPath } from './paths.ts';
import { runTask } from './run-task.ts';
import { slopeOf } from './slope.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const BULK_BYTES = 64 * MIB;
const TEXT_LENGTH = 32_000_000;
const SMALL_BYTES = 100;
const BURST = 20_000;

/** What is measured at a time: one line of the table, or more. */
export interface RowGroup {
  /** It is part of a quick run. */
  readonly isQuick: boolean;
  readonly run: (context: BenchContext, name: string) => Promise<readonly RowResult[]>;
}

/** Everything that can be measured, in order. */
export const groups = {
  upload: {
    isQuick: true,
    async run(context, name) {
      const samples = await runTask(context, name, { kind: 'upload', bytes: BULK_BYTES });
      const unit = 'MB/s';
      const figure = perSecond(BULK_BYTES / 1e6);
      return [
        compareSamples(samples, {
          ...{ name, title: 'upload of 64 MiB', unit, figure },
          goal: { of: 'ratio', is: 'at least', value: 0.9, then: 1 },
        }),
        compareSamples(samples, {
          ...{ name: 'upload-cpu', title: 'the same: CPU time of the server', unit: 'ms', part: ' server CPU' },
          figure: (seconds) => seconds * 1000,
          goal: { of: 'ratio', is: 'at most', value: 1.15 },
        }),
      ];
    },
  },
  download: {
    isQuick: true,
    async run(context, name) {
      const samples = await runTask(context, name, { kind: 'download', bytes: BULK_BYTES });
      const title = 'download of 64 MiB, whole';
      return [
        compareSamples(samples, {
          ...{ name, title, unit: 'MB/s', figure: perSecond(BULK_BYTES / 1e6) },
          goal: { of: 'ratio', is: 'at least', value: 0.85, then: 1 },
        }),
      ];
    },
  },
  stream: {
    isQuick: false,
    async run(context, name) {
      const samples = await runTask(
        context,
        name,
        { kind: 'stream', bytes: BULK_BYTES },
        { contenders: ['chunksocket', 'raw'] },
      );
      const title = 'download of 64 MiB, as a stream';
      return [
        compareSamples(samples, {
          ...{ name, title, unit: 'MB/s', figure: perSecond(BULK_BYTES / 1e6) },
          goal: { of: 'ratio', is: 'at least', value: 0.95, then: 1 },
        }),
      ];
    },
  },
  'text-ascii': textGroup('ascii', 'ASCII', 1.1, true),
  'text-latin1': textGroup('latin1', 'Latin-1', 1.2),
  'text-cjk': textGroup('cjk', 'CJK', 1.05),
  'burst-up': {
    isQuick: true,
    async run(context, name) {
      const samples = await runTask(context, name, { kind: 'burst-up', count: BURST, bytes: SMALL_BYTES });
      const title = '20,000 messages of 100 bytes at once, up';
      return [
        compareSamples(samples, {
          ...{ name, title, unit: 'messages/s', figure: perSecond(BURST) },
          goal: { of: 'ratio', is: 'at least', value: 12, then: 18 },
        }),
      ];
    },
  },
  'burst-down': {
    isQuick: true,
    async run(context, name) {
      const samples = await runTask(context, name, { kind: 'burst-down', count: BURST, bytes: SMALL_BYTES });
      const unit = 'messages/s';
      const figure = perSecond(BURST);
      return [
        compareSamples(samples, {
          ...{ name, title: '20,000 messages of 100 bytes at once, down', unit, figure },
          goal: { of: 'ratio', is: 'at least', value: 8, then: 15 },
        }),
        compareSamples(samples, {
          ...{ name: 'burst-down-drop-in', title: 'the same by the drop-in', unit, figure, ours: 'drop-in' },
          goal: { of: 'ratio', is: 'at least', value: 1 },
        }),
      ];
    },
  },
  steady: {
    isQuick: false,
    async run(context, name) {
      const samples = await runTask(
        context,
        name,
        { kind: 'steady', perSecond: 2000, seconds: 10, bytes: SMALL_BYTES },
        { rounds: Math.min(3, context.rounds) },
      );
      const title = '2,000 messages of 100 bytes a second: CPU time';
      return [
        compareSamples(samples, {
          ...{ name, title, unit: 'ms/s' },
          goal: { of: 'ratio', is: 'at most', value: 1.2, then: 1 },
        }),
        ...['page', 'browser', 'server'].map((part) =>
          compareSamples(samples, {
            name: `${name}-${part}`,
            title: `  of the ${part}`,
            unit: 'ms/s',
            part: ` ${part}`,
          }),
        ),
      ];
    },
  },
  'round-trip': {
    isQuick: true,
    async run(context, name) {
      const count = context.isQuick ? 300 : 1000;
      const samples = await runTask(context, name, { kind: 'round-trip', count, bytes: SMALL_BYTES });
      return [
        compareSamples(samples, {
          ...{ name, title: 'round trip of 100 bytes, median', unit: 'ms' },
          goal: { of: 'ratio', is: 'at most', value: 1.15, then: 1 },
        }),
      ];
    },
  },
  beside: {
    isQuick: true,
    async run(context, name) {
      const [uploadBytes, pings, rounds] = context.isQuick ? [128 * MIB, 200, 1] : [512 * MIB, 1000, 3];
      const samples = await runTask(context, name, { kind: 'beside', uploadBytes, pings }, { rounds });
      const { idle = [], loaded = [], ...uploads } = samples;
      const idleMs = percentile(idle, 99);
      return [
        rowResult(
          {
            ...{ name, title: `small message during an upload, p99 of ${loaded.length}`, unit: 'ms' },
            ours: percentile(loaded, 99),
            others: { 'idle p99': idleMs, 'idle p50': median(idle), p50: median(loaded) },
            samples: { idle, loaded },
          },
          { of: 'ours', is: 'at most', value: idleMs + 15, then: idleMs + 5 },
        ),
        compareSamples(uploads, {
          ...{ name: `${name}-upload`, title: 'the upload meanwhile', unit: 'MB/s', figure: (rate) => rate / 1e6 },
          goal: { of: 'ratio', is: 'at least', value: 0.85 },
        }),
      ];
    },
  },
  first: {
    isQuick: false,
    async run(context, name) {
      const roundTripMs = 100;
      const samples = await runTask(context, name, { kind: 'first' }, { path: longPath(roundTripMs) });
      const trips = (all: readonly number[] = []): number => Math.floor((median(all) * 1000) / roundTripMs);
      const raw = trips(samples['raw']);
      const row = (end: string, title: string, key: string, more: number): RowResult =>
        rowResult(
          { name: `${name}-${end}`, title, unit: 'round trips', ours: trips(samples[key]), raw, samples },
          { of: 'ours', is: 'at most', value: raw + more },
        );
      return [
        row('known', 'first message and its answer, from `new`, known origin', 'known', 0),
        row('unknown', 'the same, unknown origin', 'unknown', 1),
      ];
    },
  },
  cut: {
    isQuick: false,
    async run(context, name) {
      const path = cutPath(BULK_BYTES * 0.9);
      const samples = await runTask(context, name, { kind: 'cut', bytes: BULK_BYTES }, { path });
      return [
        rowResult(
          {
            ...{ name, title: '64 MiB cut at 90 %: sent again', unit: 'KiB', samples },
            ours: median(samples['chunksocket'] ?? []) / KIB,
            raw: (BULK_BYTES * 0.9) / KIB,
          },
          { of: 'ours', is: 'at most', value: 1024, then: 256 },
        ),
      ];
    },
  },
  'hidden-limit': {
    isQuick: false,
    async run(context, name) {
      const path = narrowPath(32 * KIB);
      const samples = await runTask(context, name, { kind: 'hidden-limit', bytes: 8 * MIB }, { path });
      const row = (end: string, title: string, value: number): RowResult =>
        rowResult(
          { name: `${name}-${end}`, title, unit: 'connections', ours: samples[end]?.[0] ?? NaN, samples },
          { of: 'ours', is: 'at most', value },
        );
      return [
        row('unknown', 'until 8 MiB are through a hidden limit of 32 KiB', 3),
        row('known', 'the same after a reload of the page', 1),
      ];
    },
  },
  heap: {
    isQuick: false,
    async run(context, name) {
      const samples = await runTask(context, name, { kind: 'heap', bytes: 512 * MIB });
      const ours = (samples['chunksocket']?.[0] ?? NaN) / MIB;
      return [
        rowResult(
          { name, title: 'heap of the page during 512 MiB from a Blob', unit: 'MiB', ours, samples },
          { of: 'ours', is: 'at most', value: 32 },
        ),
      ];
    },
  },
  'idle-session': { isQuick: false, run: idleMemory },
  sizes: {
    isQuick: false,
    async run(context, name) {
      const sizes = [1, 32, KIB, 32 * KIB, 256 * KIB, MIB].map((kibibytes) => kibibytes * KIB);
      const samples = await runTask(context, name, { kind: 'sizes', sizes }, { rounds: 2 });
      return [slopeOf(name, 'cost by size, 1 MiB to 1 GiB: slope of the logarithms', samples, MIB)];
    },
  },
  counts: {
    isQuick: false,
    async run(context, name) {
      const counts = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000];
      const samples = await runTask(context, name, { kind: 'counts', counts, bytes: SMALL_BYTES }, { rounds: 2 });
      return [slopeOf(name, 'cost by messages, 1,000 to 1,000,000: slope of the logarithms', samples, 1000)];
    },
  },
  bundle: {
    isQuick: true,
    async run(_context, name) {
      const sizes = await measureBundles();
      const { chunksocket, ...others } = sizes;
      return [
        rowResult(
          { name, title: 'client bundle, min+gzip', unit: 'kB', ours: chunksocket, others },
          { of: 'ours', is: 'at most', value: 10, then: 8.5 },
        ),
      ];
    },
  },
} satisfies Record<string, RowGroup>;

export type GroupName = keyof typeof groups;

export const groupNames: readonly GroupName[] = Object.keys(groups) as GroupName[];

export function isGroupName(name: unknown): name is GroupName {
  return typeof name === 'string' && Object.hasOwn(groups, name);
}

function textGroup(alphabet: Alphabet, word: string, value: number, isQuick = false): RowGroup {
  return {
    isQuick,
    async run(context, name) {
      const samples = await runTask(context, name, { kind: 'text', alphabet, length: TEXT_LENGTH });
      return [
        compareSamples(samples, {
          ...{ name, title: `32 M characters of ${word} up`, unit: 'M char/s', figure: perSecond(TEXT_LENGTH / 1e6) },
          goal: { of: 'ratio', is: 'at least', value, then: 1.4 },
        }),
      ];
    },
  };
}
