import { describe, expect, test } from 'vitest';

interface Cell {
  readonly acked: number;
  readonly sent: number;
  readonly ackedAs: string;
  readonly sentAs: string;
}

/** The part that is used. The demo builds on the tests, so its types cannot be seen from here. */
interface ChunkMap {
  readonly cellBytes: number;
  readonly length: number;
  advance(ackedBytes: number, sentBytes: number): void;
  lose(loss: { refusedBytes: number }): void;
  resume(): void;
  cell(index: number): Cell;
}

const path = new URL('../../demo/inspector/chunk-map.ts', import.meta.url).href;
const { ChunkMap } = (await import(/* @vite-ignore */ path)) as { ChunkMap: new (totalBytes: number) => ChunkMap };

const KIB = 1024;
const GIB = 1024 * 1024 * KIB;

const marksOf = (map: ChunkMap): string[] => Array.from({ length: map.length }, (_, index) => map.cell(index).ackedAs);

describe('the map of a message', () => {
  test('has cells of 4 KiB at least, and no more of them than fit a page, of whatever length it is', () => {
    expect(new ChunkMap(10 * KIB)).toMatchObject({ cellBytes: 4 * KIB, length: 3 });
    expect(new ChunkMap(GIB)).toMatchObject({ cellBytes: 2 * KIB * KIB, length: 512 });
    expect(new ChunkMap(0)).toMatchObject({ cellBytes: 4 * KIB, length: 1 });
  });

  test('fills from the start: what is acknowledged, and what is sent', () => {
    const map = new ChunkMap(16 * KIB);
    map.advance(6 * KIB, 9 * KIB);

    expect([0, 1, 2, 3].map((index) => map.cell(index))).toEqual([
      { acked: 1, sent: 1, ackedAs: 'acked', sentAs: 'sent' },
      { acked: 0.5, sent: 1, ackedAs: 'acked', sentAs: 'sent' },
      { acked: 0, sent: 0.25, ackedAs: 'acked', sentAs: 'sent' },
      { acked: 0, sent: 0, ackedAs: 'acked', sentAs: 'sent' },
    ]);
  });

  test('is full to the end of a last cell that is shorter, and of a message of no length', () => {
    const map = new ChunkMap(6 * KIB);
    map.advance(6 * KIB, 6 * KIB);

    expect(map.cell(1)).toMatchObject({ acked: 1, sent: 1 });
    expect(new ChunkMap(0).cell(0)).toMatchObject({ acked: 1, sent: 1 });
  });

  test('remembers what was sent again after a loss: not what the server turned out to have', () => {
    const map = new ChunkMap(32 * KIB);
    map.advance(4 * KIB, 20 * KIB);
    map.lose({ refusedBytes: 0 });
    expect(map.cell(1).sentAs).toBe('resent');
    map.advance(8 * KIB, 20 * KIB);
    map.resume();
    map.advance(32 * KIB, 32 * KIB);

    expect(marksOf(map)).toEqual(['acked', 'acked', 'resent', 'resent', 'resent', 'acked', 'acked', 'acked']);
  });

  test('tells the packet that was refused from what was behind it, whatever fails before the next connection', () => {
    const map = new ChunkMap(32 * KIB);
    map.advance(4 * KIB, 20 * KIB);
    map.lose({ refusedBytes: 8 * KIB });
    map.lose({ refusedBytes: 0 });
    map.resume();
    map.resume();
    map.advance(32 * KIB, 32 * KIB);

    expect(marksOf(map)).toEqual(['acked', 'refused', 'refused', 'resent', 'resent', 'acked', 'acked', 'acked']);
  });
});
